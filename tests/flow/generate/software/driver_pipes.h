/* What both programs around a driver share: the chip behind two pipes (tb/cpp/chip.cpp), and a folder of files. */
#include <stdio.h>
#include <string.h>

#include "remora_driver.h"

static int command(char letter, const uint32_t *words, size_t count) {
    fputc(letter, stdout);
    return fwrite(words, sizeof *words, count, stdout) != count;
}

static int answered(uint32_t *words, size_t count) {
    uint32_t status = 1;
    fflush(stdout);
    if (fread(&status, sizeof status, 1, stdin) != 1) return 1;
    return fread(words, sizeof *words, count, stdin) != count || status != 0;
}

static int bus_write(void *context, uint32_t address, uint32_t value) {
    uint32_t words[2];
    words[0] = address;
    words[1] = value;
    ++*(size_t *)context;
    return command('W', words, 2) || answered(NULL, 0);
}

static int bus_read(void *context, uint32_t address, uint32_t *value) {
    ++*(size_t *)context;
    return command('R', &address, 1) || answered(value, 1);
}

static int stream_send(void *context, const uint8_t *bytes, size_t size) {
    uint32_t count = (uint32_t)size;
    ++*(size_t *)context;
    return command('S', &count, 1) || fwrite(bytes, 1, size, stdout) != size || answered(NULL, 0);
}

static int stream_receive(void *context, uint32_t *words, size_t size) {
    uint32_t count = (uint32_t)size;
    ++*(size_t *)context;
    return command('A', &count, 1) || answered(words, size);
}

static const char *folder;

static FILE *file(const char *name, const char *mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, mode);
}

/* Access through the pipes; `accesses` counts them. */
static struct remora_io piped(size_t *accesses) {
    struct remora_io io;
    io.context = accesses;
    io.read = bus_read;
    io.write = bus_write;
    io.send = stream_send;
    io.receive = stream_receive;
    return io;
}
