// Block memory and multiplier of the family ECP5, for simulation: Yosys brings models of all other cells of a netlist.
//
// They do what the netlists of `remora fpga` use, and end the simulation at the start where a netlist uses more. A
// memory counts its bits in words of 18: a word of 36 is two of them, and narrower ones are parts.
`timescale 1ns / 1ps

module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2,
    DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
    DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2,
    DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
    DOB1, DOB0
);
  parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
  parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG";
  parameter RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC";
  parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000";
  parameter CLKAMUX = "CLKA", CLKBMUX = "CLKB";
  parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL";
  parameter GSR = "AUTO";
  parameter INITVAL_00 = 320'b0, INITVAL_01 = 320'b0, INITVAL_02 = 320'b0, INITVAL_03 = 320'b0, INITVAL_04 = 320'b0,
            INITVAL_05 = 320'b0, INITVAL_06 = 320'b0, INITVAL_07 = 320'b0, INITVAL_08 = 320'b0, INITVAL_09 = 320'b0,
            INITVAL_0A = 320'b0, INITVAL_0B = 320'b0, INITVAL_0C = 320'b0, INITVAL_0D = 320'b0, INITVAL_0E = 320'b0,
            INITVAL_0F = 320'b0, INITVAL_10 = 320'b0, INITVAL_11 = 320'b0, INITVAL_12 = 320'b0, INITVAL_13 = 320'b0,
            INITVAL_14 = 320'b0, INITVAL_15 = 320'b0, INITVAL_16 = 320'b0, INITVAL_17 = 320'b0, INITVAL_18 = 320'b0,
            INITVAL_19 = 320'b0, INITVAL_1A = 320'b0, INITVAL_1B = 320'b0, INITVAL_1C = 320'b0, INITVAL_1D = 320'b0,
            INITVAL_1E = 320'b0, INITVAL_1F = 320'b0, INITVAL_20 = 320'b0, INITVAL_21 = 320'b0, INITVAL_22 = 320'b0,
            INITVAL_23 = 320'b0, INITVAL_24 = 320'b0, INITVAL_25 = 320'b0, INITVAL_26 = 320'b0, INITVAL_27 = 320'b0,
            INITVAL_28 = 320'b0, INITVAL_29 = 320'b0, INITVAL_2A = 320'b0, INITVAL_2B = 320'b0, INITVAL_2C = 320'b0,
            INITVAL_2D = 320'b0, INITVAL_2E = 320'b0, INITVAL_2F = 320'b0, INITVAL_30 = 320'b0, INITVAL_31 = 320'b0,
            INITVAL_32 = 320'b0, INITVAL_33 = 320'b0, INITVAL_34 = 320'b0, INITVAL_35 = 320'b0, INITVAL_36 = 320'b0,
            INITVAL_37 = 320'b0, INITVAL_38 = 320'b0, INITVAL_39 = 320'b0, INITVAL_3A = 320'b0, INITVAL_3B = 320'b0,
            INITVAL_3C = 320'b0, INITVAL_3D = 320'b0, INITVAL_3E = 320'b0, INITVAL_3F = 320'b0;

  wire [20479:0] initial_bits = {INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
                                 INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32,
                                 INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B,
                                 INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
                                 INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D,
                                 INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
                                 INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F,
                                 INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
                                 INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
                                 INITVAL_00};
  wire [17:0] write_a =
      {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1,
      DIA0};
  wire [13:0] address_a =
      {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
  wire [17:0] write_b =
      {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1,
      DIB0};
  wire [13:0] address_b =
      {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};

  reg [17:0] words[0:1023];
  reg [17:0] read_a, read_b;
  integer index;
  initial begin
    for (index = 0; index < 1024; index = index + 1) words[index] = initial_bits[20*index+:18];
    read_a = 0;
    read_b = 0;
    if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || RESETMODE != "SYNC" || CLKAMUX != "CLKA" || CLKBMUX != "CLKB")
      $fatal(1, "%m: a mode of block memory that this model lacks");
    if (DATA_WIDTH_B == 36 && DATA_WIDTH_A != 36) $fatal(1, "%m: a mode of block memory that this model lacks");
  end

  // Bits of an 18-bit word that an access of so many bits reaches, and where they begin.
  function [17:0] reach(input integer width);
    reach = width >= 18 ? 18'h3FFFF : (18'h1 << width) - 18'h1;
  endfunction
  function [4:0] offset(input integer width, input [3:0] address);
    offset = (width < 18 && address[3] ? 9 : 0) + (width < 9 && address[2] ? 4 : 0) + (width < 4 && address[1] ? 2 : 0)
        + (width < 2 && address[0] ? 1 : 0);
  endfunction
  function [17:0] part(input [17:0] word, input integer width, input [3:0] address);
    part = word >> offset(width, address) & reach(width);
  endfunction
  function [17:0] merged(input [17:0] word, input [17:0] data, input integer width, input [3:0] address);
    reg [17:0] changed;
    begin
      changed = width >= 18 ? {{9{address[1]}}, {9{address[0]}}} : reach(width) << offset(width, address);
      merged = word & ~changed | data << offset(width, address) & changed;
    end
  endfunction

  // Port A writes 36 bits with the data of both ports; port B then reads.
  wire [9:0] row_a = address_a[13:4], row_b = address_b[13:4];
  always @(posedge CLKA) begin
    if (CEA && WEA && DATA_WIDTH_A == 36) begin
      words[{row_a[9:1], 1'b0}] <= merged(words[{row_a[9:1], 1'b0}], write_a, 18, address_a[3:0]);
      words[{row_a[9:1], 1'b1}] <= merged(words[{row_a[9:1], 1'b1}], write_b, 18, {2'b0, address_a[3:2]});
    end else if (CEA && WEA) words[row_a] <= merged(words[row_a], write_a, DATA_WIDTH_A, address_a[3:0]);
    if (DATA_WIDTH_A != 36) begin
      if (RSTA) read_a <= 0;
      else if (CEA && (!WEA || WRITEMODE_A == "READBEFOREWRITE"))
        read_a <= part(words[row_a], DATA_WIDTH_A, address_a[3:0]);
      else if (CEA && WRITEMODE_A == "WRITETHROUGH")
        read_a <= part(merged(words[row_a], write_a, DATA_WIDTH_A, address_a[3:0]), DATA_WIDTH_A, address_a[3:0]);
    end
  end
  reg [17:0] low_b;  // of a word of 36 bits
  initial low_b = 0;
  always @(posedge CLKB) begin
    if (CEB && WEB && DATA_WIDTH_A != 36) words[row_b] <= merged(words[row_b], write_b, DATA_WIDTH_B, address_b[3:0]);
    if (RSTB) begin
      read_b <= 0;
      low_b <= 0;
    end else if (CEB && DATA_WIDTH_B == 36) begin
      low_b <= words[{row_b[9:1], 1'b0}];
      read_b <= words[{row_b[9:1], 1'b1}];
    end else if (CEB && (!WEB || WRITEMODE_B == "READBEFOREWRITE"))
      read_b <= part(words[row_b], DATA_WIDTH_B, address_b[3:0]);
    else if (CEB && WRITEMODE_B == "WRITETHROUGH")
      read_b <= part(merged(words[row_b], write_b, DATA_WIDTH_B, address_b[3:0]), DATA_WIDTH_B, address_b[3:0]);
  end
  assign {
      DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1,
      DOA0
  } = DATA_WIDTH_B == 36 ? low_b : read_a;
  assign {
      DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1,
      DOB0
  } = read_b;
endmodule

module MULT18X18D (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15,
    P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
  wire signed [18:0] a = {
      SIGNEDA && A17, A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0
  };
  wire signed [18:0] b = {
      SIGNEDB && B17, B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0
  };
  wire signed [37:0] product = a * b;
  assign {
      P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14,
      P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
  } = product[35:0];
endmodule
