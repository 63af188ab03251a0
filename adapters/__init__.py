"""Facts as rows of weights beside a frozen language model: address, denoiser, attachment."""
