// Reader of the files of a chip, for the models beside it; for simulation only.
//
// A simulation started with +remora_chip=DIR takes the devices of a tile from DIR/NAME.model, DIR/NAME.chip and
// DIR/NAME.devices: decimal numbers parted by blanks and line ends. The first thing that is wrong ends the simulation
// with the file's name; nothing is reported after it.
`timescale 1ns / 1ps
`default_nettype none

`ifdef REMORA_REAL_DEVICES
module remora_chip_file #(
    parameter NAME = "tile"
) ();
  string folder, path;
  int file, count;
  bit failed;

  // The folder; `given` is 0 where the simulation was started without a chip.
  task automatic find(output bit given);
    failed = 0;
    given = $value$plusargs("remora_chip=%s", folder) != 0;
  endtask

  task automatic open(input string kind);
    $sformat(path, "%0s/%0s.%0s", folder, NAME, kind);
    count = 0;
    if (!failed) begin
      file = $fopen(path, "r");
      if (file == 0) begin
        failed = 1;
        $fatal(1, "%s: %0s cannot be opened; +remora_chip names its folder", NAME, path);
      end
    end
  endtask

  // The next number, which must be `least` to `most`; `least` where the simulation ends because of it.
  function automatic longint next(input longint least, input longint most);
    longint number;
    int got;
    if (failed) return least;
    got = $fscanf(file, "%d", number);
    count = count + 1;
    if (got != 1) begin
      failed = 1;
      $fatal(1, "%s: %0s ends before its number %0d, or that is none", NAME, path, count);
      return least;
    end
    if (number < least || number > most) begin
      failed = 1;
      $fatal(1, "%s: %0s: its number %0d is %0d, beyond %0d to %0d", NAME, path, count, number, least, most);
      return least;
    end
    return number;
  endfunction

  // What the file says is not what the tile is.
  task automatic refuse(input string reason);
    if (!failed) begin
      failed = 1;
      $fatal(1, "%s: %0s %0s", NAME, path, reason);
    end
  endtask

  task automatic close;
    int character;
    if (!failed) begin
      character = $fgetc(file);
      while (character == " " || (character >= 9 && character <= 13)) character = $fgetc(file);
      if (character >= 0) begin
        failed = 1;
        $fatal(1, "%s: %0s holds more than %0d numbers", NAME, path, count);
      end
      $fclose(file);
    end
  endtask
endmodule
`endif

`default_nettype wire
