"""Storage types: structs of tensors for CSR and row-sparse arrays, and their kernels (placeholder until the sparse helper's lands)."""
class Csr: pass
class RowSparse: pass
