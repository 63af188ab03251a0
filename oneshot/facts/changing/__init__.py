"""What every change of a brain goes through: facts in and out, rules, undoing, carrying about."""
