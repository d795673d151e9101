// Whether this build has AddressSanitizer or ThreadSanitizer in it: both bring an allocator of
// their own, which keeps what is freed, so tests of memory mean nothing there.
#pragma once

namespace sluice {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace sluice
