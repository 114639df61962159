// The simulated chip behind a pipe: another program, such as a driver in C, reaches its buses through commands.
//
// A command on standard input is a letter and little-endian words of 32 bits: W address value, R address, S size and its
// bytes, A count. The answer on standard output is a word of status, 0 where the access was accepted, and after it what
// was asked for: a register, or as many beats of an answer. The design runs while a command is carried out, and stands
// between commands. Arguments are Verilog plusargs.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

// The least that the reset is held, as spec/lib/reset.py has it.
constexpr int HELD_CYCLES = 8;
// A stream that stands for so long will never move.
constexpr uint64_t LIMIT_CYCLES = 1ull << 24;
constexpr uint32_t STUCK = 4;

class Chip {
  public:
    explicit Chip(VerilatedContext* context) : context_(context), top_(new Vtop(context)) {
        top_->aresetn = 0;
        for (int i = 0; i < HELD_CYCLES; ++i) tick();
        top_->aresetn = 1;
        for (int i = 0; i < HELD_CYCLES; ++i) tick();
    }
    ~Chip() { top_->final(); }

    uint32_t write(uint32_t address, uint32_t value) {
        top_->s_axil_awaddr = address;
        top_->s_axil_wdata = value;
        top_->s_axil_wstrb = 0xF;
        top_->s_axil_awvalid = top_->s_axil_wvalid = top_->s_axil_bready = 1;
        for (uint64_t cycle = 0; cycle < LIMIT_CYCLES; ++cycle) {
            top_->eval();
            const bool address_taken = top_->s_axil_awvalid && top_->s_axil_awready;
            const bool data_taken = top_->s_axil_wvalid && top_->s_axil_wready;
            const bool answered = top_->s_axil_bvalid;
            const uint32_t response = top_->s_axil_bresp;
            tick();
            if (address_taken) top_->s_axil_awvalid = 0;
            if (data_taken) top_->s_axil_wvalid = 0;
            if (answered) return top_->s_axil_bready = 0, response;
        }
        return STUCK;
    }

    uint32_t read(uint32_t address, uint32_t& value) {
        top_->s_axil_araddr = address;
        top_->s_axil_arvalid = top_->s_axil_rready = 1;
        for (uint64_t cycle = 0; cycle < LIMIT_CYCLES; ++cycle) {
            top_->eval();
            const bool taken = top_->s_axil_arvalid && top_->s_axil_arready;
            const bool answered = top_->s_axil_rvalid;
            const uint32_t response = top_->s_axil_rresp;
            value = top_->s_axil_rdata;
            tick();
            if (taken) top_->s_axil_arvalid = 0;
            if (answered) return top_->s_axil_rready = 0, response;
        }
        return STUCK;
    }

    uint32_t send(const std::vector<uint8_t>& bytes) {
        for (size_t at = 0; at < bytes.size(); at += 4) {
            const size_t left = bytes.size() - at, size = left < 4 ? left : 4;
            uint32_t data = 0;
            for (size_t byte = 0; byte < size; ++byte) data |= uint32_t(bytes[at + byte]) << 8 * byte;
            top_->s_axis_tdata = data;
            top_->s_axis_tkeep = (1u << size) - 1;
            top_->s_axis_tlast = left <= 4;
            top_->s_axis_tvalid = 1;
            bool taken = false;
            for (uint64_t cycle = 0; cycle < LIMIT_CYCLES && !taken; ++cycle) {
                top_->eval();
                taken = top_->s_axis_tready;
                tick();
            }
            top_->s_axis_tvalid = 0;
            if (!taken) return STUCK;
        }
        return 0;
    }

    uint32_t receive(uint32_t count, std::vector<uint32_t>& words) {
        while (words.size() < count) {
            top_->m_axis_tready = 1;
            bool given = false;
            for (uint64_t cycle = 0; cycle < LIMIT_CYCLES && !given; ++cycle) {
                top_->eval();
                given = top_->m_axis_tvalid;
                if (given) words.push_back(top_->m_axis_tdata);
                tick();
            }
            top_->m_axis_tready = 0;
            if (!given) return STUCK;
        }
        return 0;
    }

  private:
    void tick() {
        top_->aclk = 1;
        top_->eval();
        top_->aclk = 0;
        top_->eval();
        context_->timeInc(1);
    }

    VerilatedContext* context_;
    std::unique_ptr<Vtop> top_;
};

uint32_t word() {
    uint32_t value = 0;
    if (std::fread(&value, sizeof value, 1, stdin) != 1) std::exit(2);
    return value;
}

void answer(uint32_t status, const std::vector<uint32_t>& words = {}) {
    std::fwrite(&status, sizeof status, 1, stdout);
    std::fwrite(words.data(), sizeof(uint32_t), words.size(), stdout);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    auto context = std::make_unique<VerilatedContext>();
    context->commandArgs(argc, argv);
    Chip chip(context.get());
    for (int command; (command = std::getchar()) != EOF;) {
        if (command == 'W') {
            const uint32_t address = word();
            answer(chip.write(address, word()));
        } else if (command == 'R') {
            uint32_t value = 0;
            const uint32_t status = chip.read(word(), value);
            answer(status, {value});
        } else if (command == 'S') {
            std::vector<uint8_t> bytes(word());
            if (std::fread(bytes.data(), 1, bytes.size(), stdin) != bytes.size()) return 2;
            answer(chip.send(bytes));
        } else if (command == 'A') {
            std::vector<uint32_t> words;
            const uint32_t count = word(), status = chip.receive(count, words);
            words.resize(count);
            answer(status, words);
        } else {
            return 2;
        }
    }
    return 0;
}
