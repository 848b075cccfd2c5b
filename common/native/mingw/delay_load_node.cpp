#include <windows.h>

#include <delayimp.h>

// Node-API is imported from node.exe. Electron, and whoever renames Node, has it in an executable of another name.
static FARPROC WINAPI find_node(unsigned notification, PDelayLoadInfo info) {
    if (notification == dliNotePreLoadLibrary && lstrcmpiA(info->szDll, "node.exe") == 0) {
        return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
    }
    return nullptr;
}

static const bool hooked = [] {
    __pfnDliNotifyHook2 = find_node;
    return true;
}();
