// A VST3 with the plugins of all libraries beside it: for tests of files that hold several.

#include <dirent.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "src/travesty/base.h"
#include "src/travesty/factory.h"

namespace {

struct Table {  // of IPluginFactory
    v3_result(V3_API* query)(void*, const v3_tuid, void**);
    uint32_t(V3_API* ref)(void*);
    uint32_t(V3_API* unref)(void*);
    v3_result(V3_API* info)(void*, v3_factory_info*);
    int32_t(V3_API* count)(void*);
    v3_result(V3_API* class_info)(void*, int32_t, v3_class_info*);
    v3_result(V3_API* create)(void*, const v3_tuid, const v3_tuid, void**);
};

struct Part {
    void* library;
    Table** factory;
};

std::vector<Part> parts;
void* our_handle = nullptr;

bool entered(void* library, const char* name) {
    auto* const entry = reinterpret_cast<bool (*)(void*)>(dlsym(library, name));
    return entry != nullptr && entry(our_handle);
}

void load() {
    Dl_info here;
    dladdr(reinterpret_cast<void*>(&load), &here);
    const std::string path = here.dli_fname;
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    DIR* const entries = opendir(folder.c_str());
    std::vector<std::string> names;
    while (const dirent* const entry = readdir(entries))
        if (std::strncmp(entry->d_name, "Odd", 3) == 0) names.push_back(folder + entry->d_name);
    closedir(entries);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        void* const library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr || !entered(library, "ModuleEntry")) continue;
        const auto get = reinterpret_cast<void* (*)()>(dlsym(library, "GetPluginFactory"));
        parts.push_back({library, static_cast<Table**>(get())});
    }
}

v3_result V3_API query(void* self, const v3_tuid id, void** found) {
    if (v3_tuid_match(id, v3_funknown_iid) || v3_tuid_match(id, v3_plugin_factory_iid)) {
        *found = self;
        return V3_OK;
    }
    *found = nullptr;
    return V3_NO_INTERFACE;
}

uint32_t V3_API keep(void*) { return 1; }

v3_result V3_API info(void*, v3_factory_info* told) {
    return (*parts[0].factory)->info(parts[0].factory, told);
}

int32_t V3_API count(void*) {
    int32_t sum = 0;
    for (const Part& part : parts) sum += (*part.factory)->count(part.factory);
    return sum;
}

v3_result V3_API class_info(void*, int32_t index, v3_class_info* told) {
    for (const Part& part : parts) {
        const int32_t own = (*part.factory)->count(part.factory);
        if (index < own) return (*part.factory)->class_info(part.factory, index, told);
        index -= own;
    }
    return V3_INVALID_ARG;
}

v3_result V3_API create(void*, const v3_tuid id, const v3_tuid kind, void** made) {
    for (const Part& part : parts)
        if ((*part.factory)->create(part.factory, id, kind, made) == V3_OK) return V3_OK;
    return V3_NO_INTERFACE;
}

Table table = {query, keep, keep, info, count, class_info, create};
Table* factory = &table;

}  // namespace

extern "C" {
__attribute__((visibility("default"))) bool ModuleEntry(void* handle) {
    our_handle = handle;
    if (parts.empty()) load();
    return !parts.empty();
}
__attribute__((visibility("default"))) bool ModuleExit() { return true; }
__attribute__((visibility("default"))) const void* GetPluginFactory() { return &factory; }
}
