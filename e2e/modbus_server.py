"""A Modbus RTU server of pymodbus on the serial port argv[1], for the tests.

Unit 1 holds a number of every format in every order, written by pymodbus itself, coils and a text. Unit 2 has
holding registers only. There is no unit 3, so requests to it get no answer.
"""

import asyncio
import sys

from pymodbus.constants import Endian
from pymodbus.datastore import (
    ModbusServerContext,
    ModbusSlaveContext,
    ModbusSparseDataBlock,
)
from pymodbus.payload import BinaryPayloadBuilder
from pymodbus.server import StartAsyncSerialServer
from pymodbus.transaction import ModbusRtuFramer

NUMBERS = [
    ("uint16", "add_16bit_uint", 65000),
    ("int16", "add_16bit_int", -200),
    ("uint32", "add_32bit_uint", 4000000001),
    ("int32", "add_32bit_int", -123456),
    ("uint64", "add_64bit_uint", 2**53 - 1),
    ("int64", "add_64bit_int", -(2**40)),
    ("float32", "add_32bit_float", 230.25),
    ("float64", "add_64bit_float", -1234.5678),
]
ORDERS = [("big", "big"), ("big", "little"), ("little", "big"), ("little", "little")]


def numbers():
    """Ten registers for each format in each order: format by format, with the orders of each."""
    registers = {}
    for i, (_, add, value) in enumerate(NUMBERS):
        for j, (byte, word) in enumerate(ORDERS):
            builder = BinaryPayloadBuilder(
                byteorder=Endian.Big if byte == "big" else Endian.Little,
                wordorder=Endian.Big if word == "big" else Endian.Little,
            )
            getattr(builder, add)(value)
            for k, register in enumerate(builder.to_registers()):
                registers[10 * (4 * i + j) + k] = register
    return registers


def block(values):
    return ModbusSparseDataBlock(values)


async def main():
    text = BinaryPayloadBuilder(byteorder=Endian.Big)
    text.add_string("pymodbus")
    holding = {1000 + i: r for i, r in enumerate(text.to_registers())}
    holding.update({1100: 0, 1101: 0, 1102: 0})
    full = ModbusSlaveContext(
        zero_mode=True,
        ir=block(numbers()),
        hr=block(holding),
        co=block({i: 0 for i in range(16)}),
        di=block({0: 0, 1: 1}),
    )
    plain = ModbusSlaveContext(
        zero_mode=True, hr=block({0: 7}), ir=block({9: 0}), co=block({9: 0}), di=block({9: 0})
    )
    context = ModbusServerContext(slaves={1: full, 2: plain}, single=False)
    await StartAsyncSerialServer(
        context,
        framer=ModbusRtuFramer,
        port=sys.argv[1],
        baudrate=115200,
        ignore_missing_slaves=True,
    )


asyncio.run(main())
