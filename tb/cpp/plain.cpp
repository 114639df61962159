// Plain C++ harness: the same design and the same packets as under cocotb, driven as fast as C++ can. For the benchmark.
//
// Arguments: the file of packets (for each its size in bytes as uint32, then its bytes), the address and the value of the
// register write that starts the engine, and Verilog plusargs. Prints one line of JSON.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr uint64_t kLimit = 1ull << 40;

struct Packets {
    std::vector<uint32_t> data;
    std::vector<uint8_t> keep;
    std::vector<bool> last;
    size_t count = 0;
};

Packets read_packets(const char* path) {
    FILE* file = std::fopen(path, "rb");
    if (!file) {
        std::perror(path);
        std::exit(2);
    }
    Packets packets;
    uint32_t bytes;
    while (std::fread(&bytes, sizeof bytes, 1, file) == 1) {
        for (uint32_t at = 0; at < bytes; at += 4) {
            uint32_t beat = 0;
            const uint32_t size = bytes - at < 4 ? bytes - at : 4;
            if (std::fread(&beat, 1, size, file) != size) std::exit(2);
            packets.data.push_back(beat);
            packets.keep.push_back(static_cast<uint8_t>((1u << size) - 1));
            packets.last.push_back(at + 4 >= bytes);
        }
        ++packets.count;
    }
    std::fclose(file);
    return packets;
}

// The least that the reset is held, as spec/lib/reset.py has it.
constexpr int HELD_CYCLES = 8;

class Bench {
  public:
    explicit Bench(VerilatedContext* context) : context_(context), top_(new Vtop(context)) {}
    ~Bench() { top_->final(); }

    void tick() {
        top_->aclk = 1;
        top_->eval();
        top_->aclk = 0;
        top_->eval();
        context_->timeInc(1);
        ++cycles;
    }

    void reset() {
        top_->aresetn = 0;
        for (int i = 0; i < HELD_CYCLES; ++i) tick();
        top_->aresetn = 1;
    }

    void write(uint32_t address, uint32_t value) {
        top_->s_axil_awaddr = address;
        top_->s_axil_wdata = value;
        top_->s_axil_wstrb = 0xF;
        top_->s_axil_bready = 1;
        bool address_done = false, data_done = false, answered = false;
        while (!answered) {
            top_->s_axil_awvalid = !address_done;
            top_->s_axil_wvalid = !data_done;
            top_->eval();
            const bool address_now = top_->s_axil_awvalid && top_->s_axil_awready;
            const bool data_now = top_->s_axil_wvalid && top_->s_axil_wready;
            answered = top_->s_axil_bvalid;
            tick();
            address_done |= address_now;
            data_done |= data_now;
        }
        top_->s_axil_awvalid = 0;
        top_->s_axil_wvalid = 0;
    }

    // Streams every packet and returns the header of every answer.
    std::vector<uint32_t> stream(const Packets& packets) {
        std::vector<uint32_t> answers;
        size_t beat = 0;
        bool header = true;
        top_->m_axis_tready = 1;
        while (answers.size() < packets.count || !header) {
            const bool offer = beat < packets.data.size();
            top_->s_axis_tvalid = offer;
            if (offer) {
                top_->s_axis_tdata = packets.data[beat];
                top_->s_axis_tkeep = packets.keep[beat];
                top_->s_axis_tlast = packets.last[beat];
            }
            top_->eval();
            if (offer && top_->s_axis_tready) ++beat;
            if (top_->m_axis_tvalid) {
                if (header) answers.push_back(top_->m_axis_tdata);
                header = top_->m_axis_tlast;
            }
            tick();
            if (cycles > kLimit) std::exit(3);
        }
        return answers;
    }

    uint64_t cycles = 0;

  private:
    VerilatedContext* context_;
    std::unique_ptr<Vtop> top_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: %s PACKETS CONTROL_ADDRESS RUN_VALUE [+plusargs]\n", argv[0]);
        return 2;
    }
    auto context = std::make_unique<VerilatedContext>();
    context->commandArgs(argc, argv);
    const Packets packets = read_packets(argv[1]);
    Bench bench(context.get());
    bench.reset();
    bench.write(static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 0)), static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 0)));
    const uint64_t first = bench.cycles;
    const auto began = std::chrono::steady_clock::now();
    const auto answers = bench.stream(packets);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::printf("{\"cycles\": %llu, \"seconds\": %.9f, \"answers\": [", static_cast<unsigned long long>(bench.cycles - first), seconds);
    for (size_t i = 0; i < answers.size(); ++i) std::printf("%s%u", i ? ", " : "", answers[i]);
    std::printf("]}\n");
    return 0;
}
