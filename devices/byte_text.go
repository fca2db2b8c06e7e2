package devices

// Bytes are written as hexadecimal digits in pairs: "AA 55". Spaces may stand between the pairs; a text in single
// quotes stands for its characters: "'R1' 0D". In a pattern ? stands for any digit: "A? ??".
