// A greenhouse for minirelay: telemetry once a second, commands with acknowledgement.
// 温室示例：每秒上报一次数据，执行命令并应答。
//
//   {"t":21.53,"h":41.2,"fan":40,"p":0}      telemetry 上报
//   PUMP 1 #42        → OK #42               a command, its number and the answer 命令、编号和应答
//   FAN 140 #43       → ERR #43 0 to 100     refused, with a reason for people 拒绝并说明原因
//
// In minirelay.toml:  profile = "arduino-greenhouse", baud = 115200
//
// With CHECKSUM each line ends in *HHHH, the CRC-16 of Modbus over the bytes before the *, in both directions. JSON
// alone has no checksum: of lines spoilt by noise one in thirty is still valid. Use it on long or noisy cables, with
// profile = "arduino-greenhouse-crc". 线长或干扰大时请打开校验。

// #define CHECKSUM

const int PUMP_PIN = 7;         // a relay module 水泵继电器
const int FAN_PIN = 9;          // a MOSFET on a PWM pin 风扇
const int TEMPERATURE_PIN = A0; // LM35: 10 mV/°C 温度
const int HUMIDITY_PIN = A1;    // 0 to 5 V is 0 to 100 % 湿度

bool pump = false;
int fan = 0; // percent

char line[64]; // longer lines are dropped whole 过长的行整行丢弃
byte length = 0;
bool overlong = false;
unsigned long lastReport = 0;

unsigned int crc16(const char *s, unsigned int n) {
  unsigned int crc = 0xFFFF;
  while (n--) {
    crc ^= (byte)*s++;
    for (byte i = 0; i < 8; i++) crc = crc & 1 ? (crc >> 1) ^ 0xA001 : crc >> 1;
  }
  return crc & 0xFFFF;
}

// say ends a line, with its checksum if there is one. 发送一行
void say(const char *text) {
  Serial.print(text);
#ifdef CHECKSUM
  char sum[6];
  snprintf(sum, sizeof sum, "*%04X", crc16(text, strlen(text)));
  Serial.print(sum);
#endif
  Serial.print('\n');
}

void report() {
  char t[8], h[8], text[64];
  dtostrf(analogRead(TEMPERATURE_PIN) * 500.0 / 1023.0, 1, 2, t);
  dtostrf(analogRead(HUMIDITY_PIN) * 100.0 / 1023.0, 1, 1, h);
  snprintf(text, sizeof text, "{\"t\":%s,\"h\":%s,\"fan\":%d,\"p\":%d}", t, h, fan, pump ? 1 : 0);
  say(text);
}

// act does what a command asks and gives why not, or nothing. 执行命令
const char *act(const char *verb, long value) {
  if (!strcmp(verb, "PUMP")) {
    if (value != 0 && value != 1) return "0 or 1";
    pump = value == 1;
    digitalWrite(PUMP_PIN, pump ? HIGH : LOW);
  } else if (!strcmp(verb, "FAN")) {
    if (value < 0 || value > 100) return "0 to 100";
    fan = value;
    analogWrite(FAN_PIN, value * 255 / 100);
  } else {
    return "no such command";
  }
  return 0;
}

// command takes "PUMP 1 #42" apart and answers with the same number, so that a late answer is known as such.
void command() {
  char text[64];
#ifdef CHECKSUM
  char *star = strrchr(line, '*');
  if (!star || strtoul(star + 1, 0, 16) != crc16(line, star - line)) return; // spoilt: no answer 校验错误，不应答
  *star = 0;
#endif
  char verb[8];
  long value;
  unsigned int seq;
  if (sscanf(line, "%7s %ld #%u", verb, &value, &seq) != 3) return;
  const char *why = act(verb, value);
  if (why)
    snprintf(text, sizeof text, "ERR #%u %s", seq, why);
  else
    snprintf(text, sizeof text, "OK #%u", seq);
  say(text);
  report(); // the new state at once 立即上报新状态
}

void setup() {
  pinMode(PUMP_PIN, OUTPUT);
  pinMode(FAN_PIN, OUTPUT);
  Serial.begin(115200);
}

void loop() {
  while (Serial.available()) {
    char c = Serial.read();
    if (c == '\r') continue;
    if (c != '\n') {
      if (length < sizeof line - 1)
        line[length++] = c;
      else
        overlong = true;
      continue;
    }
    line[length] = 0;
    if (length && !overlong) command();
    length = 0;
    overlong = false;
  }
  if (millis() - lastReport >= 1000) {
    lastReport += 1000;
    report();
  }
}
