//! Which frames does the interface hand to us, before the kernel's stack sees them?
//!
//! Those for our link address that came by the queue of our socket. Written in the kernel's virtual
//! machine by hand: it is twenty instructions, and a compiler for it would be a dependency of the
//! build.

use crate::sys::bpf::Instruction;

// Registers: the argument, then what we use.
const R0: u8 = 0;
const R1: u8 = 1;
const R2: u8 = 2;
const R3: u8 = 3;
const R4: u8 = 4;
const R5: u8 = 5;

// Fields of `struct xdp_md`.
const DATA: i16 = 0;
const DATA_END: i16 = 4;
const RX_QUEUE_INDEX: i16 = 16;

const LOAD_32: u8 = 0x61;
const LOAD_16: u8 = 0x69;
const LOAD_IMMEDIATE_64: u8 = 0x18;
const MOVE: u8 = 0xbf;
const MOVE_IMMEDIATE: u8 = 0xb7;
const ADD_IMMEDIATE: u8 = 0x07;
const JUMP_IF_GREATER: u8 = 0x2d;
/// Compares 32 bits with a constant.
const JUMP_UNLESS_EQUAL: u8 = 0x56;
const JUMP_IF_EQUAL: u8 = 0x16;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;

/// The constant is the descriptor of a map.
const PSEUDO_MAP_FD: u8 = 1;
const REDIRECT_MAP: i32 = 51;
/// On to the kernel's stack.
const XDP_PASS: i32 = 2;

/// The program: the map gives the socket of a queue.
pub(super) fn for_us(mac: [u8; 6], map: i32) -> Vec<Instruction> {
    let [a, b, c, d, e, f] = mac;
    let (front, back) = (i32::from_ne_bytes([a, b, c, d]), u16::from_ne_bytes([e, f]));
    let vlan = [0x8100u16, 0x88a8].map(|kind| i32::from(kind.to_be()));
    vec![
        op(LOAD_32, (R2, R1), DATA, 0),
        op(LOAD_32, (R3, R1), DATA_END, 0),
        op(MOVE, (R4, R2), 0, 0),
        op(ADD_IMMEDIATE, (R4, 0), 0, 14),
        // Too short for an Ethernet header: not ours.
        op(JUMP_IF_GREATER, (R4, R3), 13, 0),
        op(LOAD_32, (R5, R2), 0, 0),
        op(JUMP_UNLESS_EQUAL, (R5, 0), 11, front),
        op(LOAD_16, (R5, R2), 4, 0),
        op(JUMP_UNLESS_EQUAL, (R5, 0), 9, i32::from(back)),
        op(LOAD_16, (R5, R2), 12, 0),
        op(JUMP_IF_EQUAL, (R5, 0), 7, vlan[0]),
        op(JUMP_IF_EQUAL, (R5, 0), 6, vlan[1]),
        op(LOAD_32, (R2, R1), RX_QUEUE_INDEX, 0),
        op(LOAD_IMMEDIATE_64, (R1, PSEUDO_MAP_FD), 0, map),
        op(0, (0, 0), 0, 0),
        // What is done where the map has no socket for this queue.
        op(MOVE_IMMEDIATE, (R3, 0), 0, XDP_PASS),
        op(CALL, (0, 0), 0, REDIRECT_MAP),
        op(EXIT, (0, 0), 0, 0),
        op(MOVE_IMMEDIATE, (R0, 0), 0, XDP_PASS),
        op(EXIT, (0, 0), 0, 0),
    ]
}

/// `struct bpf_insn`: destination and source share an octet.
fn op(code: u8, (to, from): (u8, u8), offset: i16, constant: i32) -> Instruction {
    let registers = if cfg!(target_endian = "little") { from << 4 | to } else { to << 4 | from };
    let ([o, p], [w, x, y, z]) = (offset.to_ne_bytes(), constant.to_ne_bytes());
    [code, registers, o, p, w, x, y, z]
}
