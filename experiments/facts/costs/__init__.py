"""What facts cost: how many a rule holds, times of writes and questions, brains as they grow."""
