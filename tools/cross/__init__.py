"""Do the kernels compile for other systems, and compute the same bits there?"""
