#include "shadow.h"

namespace emulation {

const char* ShadowWord::on_read(const Access& access) {
    if (landing) {
        return "reads where an asynchronous copy has not been waited for";
    }
    if (!written) {
        return "reads what was never written";
    }
    if (access.early && !writer.by_host && writer.launch != access.launch) {
        return "reads what a kernel before wrote, without having waited for it";
    }
    if (writer.launch == access.launch) {
        if (writer.block != access.block) {
            return "reads what another block of the same launch wrote";
        }
        if (!access.knows(writer)) {
            return "reads what another thread wrote, with no barrier between";
        }
    }
    if (!read || reader.launch != access.launch) {
        several_threads = several_blocks = false;
    } else if (reader.block != access.block) {
        several_blocks = true;
        several_threads = false;
    } else {
        several_threads = reader.epoch == access.epoch && (several_threads || reader.thread != access.thread);
    }
    read = true;
    reader = access;
    return nullptr;
}

const char* ShadowWord::on_write(const Access& access) {
    if (landing) {
        return "writes where an asynchronous copy has not been waited for";
    }
    if (written && writer.launch == access.launch) {
        if (writer.block != access.block) {
            return "writes what another block of the same launch wrote";
        }
        if (!access.knows(writer)) {
            return "writes what another thread wrote, with no barrier between";
        }
    }
    if (read && reader.launch == access.launch) {
        if (several_blocks || reader.block != access.block) {
            return "writes what another block of the same launch read";
        }
        if (!access.knows(reader) || (several_threads && reader.epoch == access.epoch)) {
            return "writes what another thread read, with no barrier between";
        }
    }
    writer = access;
    written = true;
    read = false;
    return nullptr;
}

} // namespace emulation
