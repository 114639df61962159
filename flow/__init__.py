"""What a person runs: the remora command and the steps behind it. Imports all of the above."""
