"""The paper: blocks that learn alone to denoise; discrete time, continuous time, flow."""
