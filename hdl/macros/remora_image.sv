// Reader of a memory image, for the behavioural models beside it; for simulation only.
//
// A simulation started with +remora_images=DIR fills the models from text files: DIR/NAME.hex holds exactly WORDS words
// of at most DIGITS hexadecimal digits, two's complement, parted by blanks and line ends in any layout. Anything else
// ends the simulation with the file's name and what is wrong. It reads characters, because $readmemh takes a short or a
// missing file with a warning, and simulators differ in what they make of the rest.
`timescale 1ns / 1ps
`default_nettype none

module remora_image #(
    parameter int WORDS = 1,
    parameter int DIGITS = 4,
    parameter int LIMIT = 1,  // largest magnitude of a word
    parameter NAME = "image"
) ();
  string directory, path;
  int file, character, line_number, count;

  // By number, because "\r" is no escape of the language.
  localparam int END_OF_FILE = -1, TAB = 9, NEWLINE = 10, RETURN = 13;

  function automatic bit is_blank(input int symbol);
    return symbol == " " || symbol == TAB || symbol == NEWLINE || symbol == RETURN;
  endfunction

  // Open the image; `given` is 0 where the simulation was started without images.
  task automatic open(output bit given);
    given = 0;
    if ($value$plusargs("remora_images=%s", directory)) begin
      $sformat(path, "%0s/%0s.hex", directory, NAME);
      file = $fopen(path, "r");
      given = file != 0;
      line_number = 1;
      count = 0;
      if (given) skip_blanks;
      else $fatal(1, "%s: memory image %0s cannot be opened; +remora_images names its folder", NAME, path);
    end
  endtask

  task automatic skip_blanks;
    character = $fgetc(file);
    while (is_blank(character)) begin
      if (character == NEWLINE) line_number = line_number + 1;
      character = $fgetc(file);
    end
  endtask

  function automatic int digit_value(input int symbol);
    if (symbol >= "0" && symbol <= "9") return symbol - "0";
    if (symbol >= "a" && symbol <= "f") return symbol - "a" + 10;
    if (symbol >= "A" && symbol <= "F") return symbol - "A" + 10;
    return -1;
  endfunction

  // The next word, 0 where the simulation ends because of it.
  task automatic read(output int value);
    int digits, digit;
    logic [31:0] word;
    bit sound;
    digits = 0;
    word = 0;
    sound = 1;
    while (sound && character != END_OF_FILE && !is_blank(character)) begin
      digit = digit_value(character);
      sound = digit >= 0 && digits < DIGITS;
      if (digit < 0)
        $fatal(1, "%s: memory image %0s, line %0d: '%c' is no hexadecimal digit", NAME, path, line_number, character);
      else if (!sound)
        $fatal(1, "%s: memory image %0s, line %0d: a word of more than %0d digits", NAME, path, line_number, DIGITS);
      word = word << 4 | 32'(digit);
      digits = digits + 1;
      character = $fgetc(file);
    end
    if (sound && digits == 0) begin
      $fatal(1, "%s: memory image %0s holds %0d words instead of %0d", NAME, path, count, WORDS);
      sound = 0;
    end
    // Sign extension from DIGITS digits.
    value = sound ? int'($signed(word << (32 - 4 * DIGITS))) >>> (32 - 4 * DIGITS) : 0;
    if (value > LIMIT || value < -LIMIT) begin
      $fatal(1, "%s: memory image %0s, line %0d: %0d is beyond +-%0d", NAME, path, line_number, value, LIMIT);
      value = 0;
    end
    count = count + 1;
    if (sound && character != END_OF_FILE) begin
      if (character == NEWLINE) line_number = line_number + 1;
      skip_blanks;
    end
  endtask

  task automatic close;
    if (character != END_OF_FILE) $fatal(1, "%s: memory image %0s holds more than %0d words", NAME, path, WORDS);
    $fclose(file);
  endtask
endmodule

`default_nettype wire
