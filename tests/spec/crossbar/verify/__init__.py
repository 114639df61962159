"""What verified learning reads, weighs and takes."""
