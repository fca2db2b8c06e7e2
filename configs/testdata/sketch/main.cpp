// Runs the sketch that SKETCH names until its input ends.
#include "Arduino.h"

#include SKETCH

int main() {
  setup();
  while (!Serial.closed) loop();
}
