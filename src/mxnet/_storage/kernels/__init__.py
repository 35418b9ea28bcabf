"""CPU kernels compiled by numba. Nothing here is imported before the first call that needs it: `import numba` takes 0.4 s."""
