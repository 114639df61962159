// Clocks the bench until it is done.
#include "Vtop.h"
#include "verilated.h"
int main(int argc, char** argv) {
    Verilated::commandArgs(argc, argv);
    Vtop top;
    for (int half = 0; !Verilated::gotFinish(); half = 1 - half) {
        top.clk = half;
        top.eval();
        Verilated::timeInc(1);
    }
    top.final();
    return 0;
}
