// A C++ host: the header stands alone, and its functions are C's.
#include "t3actors.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <type_traits>

static_assert(std::is_standard_layout<PointData>::value, "the seed's struct");
static_assert(sizeof(PointData) == 24, "as repr(C) lays it out on a 64-bit machine");

int main()
{
    std::uint32_t count = 1;
    const auto points = std::unique_ptr<PointData, void (*)(PointData *)>(
        get_point_data(1, &count), [](PointData *each) { free_point_data(each, 0); });
    std::printf("%u %d %s\n", count, points == nullptr, t3a_last_error());
    return init_data_sync_service() || start_device_discovery() || add_device("127.0.0.1", T3A_MODBUS) || t3a_stop();
}
