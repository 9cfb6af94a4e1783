#!/bin/bash
# Makes a shard set, or brings it up to date, on the Ray cluster that this machine belongs to:
#   bash index.sh CORPUS SET SHARDS
# Given again after it was killed, it goes on with the parts that are done.
set -euo pipefail
colmodern index "$1" --index "$2" --shards "$3" \
  --runner ray --ray-address "${RAY_ADDRESS:-auto}" \
  --gpus-each 1 --backend torch --device cuda
