#include "segments.h"

#include <stdexcept>
#include <string>

#include "contexts/contexts.h"

namespace colmodern {
namespace {

std::string from_to(std::int64_t begin, std::int64_t end) {
  return std::to_string(begin) + " to " + std::to_string(end);
}

void check_tokens(const Place& place) {
  if (place.begin >= 0 && place.end >= place.begin && place.end <= place.segment->n_tokens) return;
  throw std::invalid_argument("offsets of document " + std::to_string(place.document) + " are " +
                              from_to(place.begin, place.end) + ", expected a range within " +
                              std::to_string(place.segment->n_tokens) + " tokens");
}

void check_contexts(const Place& place) {
  const StoredContexts& contexts = place.segment->contexts;
  if (contexts.none()) return;
  const std::int64_t begin = contexts.offsets[place.document];
  const std::int64_t end = contexts.offsets[place.document + 1];
  const std::int64_t wanted = blocks_of(place.end - place.begin);
  if (begin >= 0 && end <= contexts.count && end - begin == wanted) return;
  throw std::invalid_argument("contexts of document " + std::to_string(place.document) + " are " + from_to(begin, end) +
                              ", expected " + std::to_string(wanted) + " within " + std::to_string(contexts.count));
}

}  // namespace

void check(const Listed& listed) {
  for (std::int64_t i = 0; i < listed.count; ++i) {
    const std::int64_t number = listed.numbers[i];
    if (number < 0 || number >= listed.segments.n_documents()) {
      throw std::invalid_argument("documents[" + std::to_string(i) + "] is " + std::to_string(number) +
                                  ", expected 0 to " + std::to_string(listed.segments.n_documents() - 1));
    }
    const Place place = listed.segments.place_of(number);
    check_tokens(place);
    check_contexts(place);
  }
}

}  // namespace colmodern
