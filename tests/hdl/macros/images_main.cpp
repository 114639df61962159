// Starts the bench and ends it.
#include "Vtop.h"
#include "verilated.h"
int main(int argc, char** argv) {
    Verilated::commandArgs(argc, argv);
    Vtop top;
    top.eval();
    top.final();
    return 0;
}
