// 128-bit multiply and divide for the BPF backend, which calls these by name and expects the result in r0 (low half)
// and r2 (high half). A plain u128 return is lowered to exactly that.
//
// A division by zero never arrives here: Rust checks the divisor first.

typedef unsigned long u64;
typedef unsigned __int128 u128;

static inline u128 join(u64 low, u64 high) { return ((u128)high << 64) | low; }

// Schoolbook multiplication on 32-bit halves; the product is taken modulo 2^128.
u128 __multi3(u128 a, u128 b) {
  u64 a_low = (u64)a, a_high = (u64)(a >> 64);
  u64 b_low = (u64)b, b_high = (u64)(b >> 64);
  u64 a0 = a_low & 0xffffffff, a1 = a_low >> 32;
  u64 b0 = b_low & 0xffffffff, b1 = b_low >> 32;
  u64 p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0;
  // At most (2^32 - 1) * 3: no carry is lost.
  u64 middle = (p00 >> 32) + (p01 & 0xffffffff) + (p10 & 0xffffffff);
  u64 low = (middle << 32) | (p00 & 0xffffffff);
  u64 high = a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32) + a_low * b_high + a_high * b_low;
  return join(low, high);
}

struct quotient_and_remainder {
  u64 q_low, q_high, r_low, r_high;
};

// Bit by bit, most significant first. The remainder never loses its top bit in the shift: until the last step it holds
// at most 127 bits of the dividend. Halves are kept apart: a u128 here would call these functions again.
__attribute__((noinline)) static void divide(struct quotient_and_remainder *out, u64 n_low, u64 n_high, u64 d_low,
                                             u64 d_high) {
  if (!n_high && !d_high) {
    out->q_low = n_low / d_low;
    out->q_high = 0;
    out->r_low = n_low % d_low;
    out->r_high = 0;
    return;
  }
  u64 q_low = 0, q_high = 0, r_low = 0, r_high = 0;
  for (int i = 127; i >= 0; i--) {
    u64 bit = i >= 64 ? (n_high >> (i - 64)) & 1 : (n_low >> i) & 1;
    r_high = (r_high << 1) | (r_low >> 63);
    r_low = (r_low << 1) | bit;
    if (r_high > d_high || (r_high == d_high && r_low >= d_low)) {
      u64 borrow = r_low < d_low;
      r_low -= d_low;
      r_high -= d_high + borrow;
      if (i >= 64)
        q_high |= 1ul << (i - 64);
      else
        q_low |= 1ul << i;
    }
  }
  out->q_low = q_low;
  out->q_high = q_high;
  out->r_low = r_low;
  out->r_high = r_high;
}

u128 __udivti3(u128 n, u128 d) {
  struct quotient_and_remainder out;
  divide(&out, (u64)n, (u64)(n >> 64), (u64)d, (u64)(d >> 64));
  return join(out.q_low, out.q_high);
}

u128 __umodti3(u128 n, u128 d) {
  struct quotient_and_remainder out;
  divide(&out, (u64)n, (u64)(n >> 64), (u64)d, (u64)(d >> 64));
  return join(out.r_low, out.r_high);
}
