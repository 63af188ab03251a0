"""Commands about image benchmarks: `oneshot image`."""
