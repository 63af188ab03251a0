"""What the chain is compared with: backpropagation, the adjoint method, an ensemble."""
