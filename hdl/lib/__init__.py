"""What every system shares: conversion to Verilog, memory, rounding, buses, registers, random numbers."""
