// Counts what the probe holds after some cycles, without cocotb.
#include <cstdio>
#include "Vtop.h"
#include "verilated.h"
int main(int argc, char** argv) {
    Verilated::commandArgs(argc, argv);
    Vtop top;
    for (int half_cycle = 0; half_cycle < 20; ++half_cycle) {
        top.clk = half_cycle & 1;
        top.eval();
    }
    std::printf("plusarg=%d word=%u\n", top.plusarg_seen, top.forgotten_word);
    return 0;
}
