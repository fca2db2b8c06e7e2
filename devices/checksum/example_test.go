package checksum_test

import (
	"fmt"

	"minirelay/devices/checksum"
)

func ExampleOf() {
	sum, _ := checksum.Of("xor8")
	line := sum.AddSum([]byte("PUMP 1\r\n"), 0)
	fmt.Printf("%q\n", line)
	text, ok := sum.Strip([]byte("PUMP 1*09"))
	fmt.Printf("%q %v\n", text, ok)
	// Output:
	// "PUMP 1*09\r\n"
	// "PUMP 1" true
}

func ExampleSumOf() {
	sum, _ := checksum.SumOf("crc16-modbus")
	fmt.Printf("% X\n", sum.Append([]byte{0x01, 0x03, 0x00, 0x00, 0x00, 0x0A}, 0, sum.Little))
	// Output: 01 03 00 00 00 0A C5 CD
}
