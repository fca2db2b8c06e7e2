// What the example sketches use of the Arduino core, on a machine with a terminal: Serial is its input and output,
// and the pins are wired to a small greenhouse, so that a test sees what a sketch does with them.
#pragma once

#include <math.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t byte;

enum { LOW, HIGH };
enum { INPUT, OUTPUT };
enum { A0 = 14, A1 = 15 };

static int pins[20];
static int modes[20];

inline void pinMode(int pin, int mode) { modes[pin] = mode; }
inline void digitalWrite(int pin, int level) { if (modes[pin] == OUTPUT) pins[pin] = level; }
inline void analogWrite(int pin, int duty) { if (modes[pin] == OUTPUT) pins[pin] = duty; }

// The fan on pin 9 cools by up to 2 °C; the pump on pin 7 makes it wetter by 20 %.
inline int analogRead(int pin) {
  if (pin == A0) return 44 - pins[9] / 64;
  return pins[7] ? 614 : 409;
}

inline unsigned long millis() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000UL + now.tv_nsec / 1000000;
}

inline char *dtostrf(double value, signed char width, unsigned char decimals, char *out) {
  sprintf(out, "%*.*f", width, decimals, value);
  return out;
}

struct {
  bool closed;

  void begin(long) {}
  int available() {
    pollfd in = {0, POLLIN, 0};
    return !closed && poll(&in, 1, 1) > 0;
  }
  int read() {
    char c;
    if (::read(0, &c, 1) == 1) return c;
    closed = true;
    return -1;
  }
  void print(const char *text) { if (::write(1, text, strlen(text)) < 0) closed = true; }
  void print(char c) { if (::write(1, &c, 1) < 0) closed = true; }
} Serial;
