"""The kernels of a search for the arrays of a single segment."""

import numpy as np

from colmodern import kernels
from colmodern.codec import Codes


def maxsim_codes(query, table, codes, offsets, documents, *, contexts=None, **options):
    """Call the kernel with the documents of one segment."""
    segments = kernels.Segments([kernels.SegmentArrays(offsets, codes, contexts)])
    return kernels.maxsim_codes(query, table, segments, documents, **options)


def smooth_maxsim(table, ids, offsets, documents, *, contexts=None, **options):
    """Call the kernel with the documents of one segment."""
    n = len(ids)
    nothing = np.zeros((n, 0), np.uint8), np.zeros(n, np.float16), np.zeros(n, np.float16)
    segments = kernels.Segments([kernels.SegmentArrays(offsets, Codes(ids, *nothing), contexts)])
    return kernels.smooth_maxsim(table, segments, documents, **options)


def code_maxima(query, table, codes, spans, *, contexts=None, **options):
    """Call the kernel with spans of one document."""
    offsets = np.array([0, len(codes.centroid_ids)])
    segments = kernels.Segments([kernels.SegmentArrays(offsets, codes, contexts)])
    of = np.zeros(len(spans) - 1, np.int64)
    return kernels.code_maxima(query, table, segments, of, spans[:-1], spans[1:], **options)


def gather(table, probed, posting_offsets, postings, allowed, limit, **options):
    """Call the kernel with the documents of one segment, which have no tokens."""
    nothing = Codes(
        np.zeros(0, np.uint16), np.zeros((0, 0), np.uint8), *[np.zeros(0, np.float16)] * 2
    )
    offsets = np.zeros(len(allowed) + 1, np.int64)
    part = kernels.SegmentArrays(offsets, nothing, None, posting_offsets, postings)
    return kernels.gather(table, probed, kernels.Segments([part]), allowed, limit, **options)
