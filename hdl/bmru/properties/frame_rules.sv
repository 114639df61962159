// A frame buffer keeps each good packet once, as it came, and drops every other one once, under its lowest cause. One
// feature is looked at, which may be any.
`default_nettype none

module frame_rules #(
    parameter FEATURES = 1,
    parameter INDEX_BITS = 1,
    parameter FEATURE_BITS = 4,
    parameter SETTINGS_BITS = 10
) (
    input wire clk,
    input wire rst,
    input wire [INDEX_BITS-1:0] pick,  // the feature that is looked at; the same for ever
    input wire [31:0] tdata,
    input wire [3:0] tkeep,
    input wire tlast,
    input wire tvalid,
    input wire tready,
    input wire programmed,
    input wire abort,
    input wire free,
    input wire sliding,  // of the settings of the next clip
    input wire [9:0] frames,
    input wire [SETTINGS_BITS-1:0] configured,  // all of these settings
    input wire available,
    input wire [FEATURES*FEATURE_BITS-1:0] features,
    input wire first,
    input wire last,
    input wire [7:0] tag,
    input wire [SETTINGS_BITS-1:0] settings,
    input wire [4:0] dropped,
    input wire [7:0] saturated,
    input wire cut,
    input wire in_clip
);
  localparam signed [16:0] LIMIT = (1 << (FEATURE_BITS - 1)) - 1;
  // The packet that is received, beat by beat.
  reg body = 0, verdict = 0, aborted = 0, framing = 0;
  reg [15:0] header;
  reg [11:0] bytes = 0, beyond = 0;
  reg signed [15:0] value;
  wire passes = tvalid && tready;
  wire whole = tkeep == 15;
  wire partial = tkeep == 1 || tkeep == 3 || tkeep == 7;
  wire signed [15:0] low = tdata[15:0], high = tdata[31:16];
  wire low_there = bytes < 2 * FEATURES, high_there = bytes + 2 < 2 * FEATURES;
  wire low_beyond = low_there && (low > LIMIT || low < -LIMIT);
  wire high_beyond = high_there && (high > LIMIT || high < -LIMIT);
  wire [2:0] carried = whole ? 4 : tkeep == 7 ? 3 : tkeep == 3 ? 2 : 1;
  always @(posedge clk)
    if (rst) begin
      body <= 0;
      verdict <= 0;
    end else begin
      verdict <= passes && tlast;
      if (passes) body <= !tlast;
      if (passes && !body) begin
        header  <= tdata[31:16];
        framing <= !whole;
        bytes   <= 0;
        beyond  <= 0;
        aborted <= abort;
      end else begin
        if (abort) aborted <= 1;
        if (passes) begin
          if (!whole && !(tlast && partial)) framing <= 1;
          if (bytes <= 2 * FEATURES) bytes <= bytes + carried;
          beyond <= beyond + low_beyond + high_beyond;
          if (bytes == 4 * (pick / 2)) value <= pick % 2 ? high : low;
        end
      end
    end

  // The clip that is open, its frames, and the packet that is kept.
  reg open = 0, held = 0, held_first, held_last, is_sliding;
  reg [9:0] clip_frames;
  reg [10:0] count;
  reg [7:0] held_tag;
  reg signed [16:0] held_value;
  reg [SETTINGS_BITS-1:0] clip_settings;
  wire starts = header[0], ends = header[1];
  wire [10:0] number = starts ? 1 : &count ? count : count + 1;
  wire closes = ends || (!(starts ? sliding : is_sliding) && number >= (starts ? frames : clip_frames));
  wire [4:0] causes = {!starts && !open, !programmed, bytes > 2 * FEATURES, bytes < 2 * FEATURES, framing};
  wire checked = verdict && !aborted && !abort;
  wire kept = checked && causes == 0;
  always @(posedge clk)
    if (rst || abort) begin
      open <= 0;
      held <= 0;
    end else begin
      held <= kept || (held && !free);
      if (kept) begin
        open <= !closes;
        count <= number;
        held_first <= starts;
        held_last <= closes;
        held_tag <= header[15:8];
        held_value <= value > LIMIT ? LIMIT : value < -LIMIT ? -LIMIT : value;
        if (starts) begin
          is_sliding <= sliding;
          clip_frames <= frames;
          clip_settings <= configured;
        end
      end
    end

  // What is kept is not written over, and a packet that is received is received to its end.
  room: assert property (rst || !tready || !held);
  reached_room: cover property (!rst && held && tvalid);
  taken: assert property (rst || held || verdict || tready);
  reached_taken: cover property (!rst && body && bytes > 2 * FEATURES);
  // Each packet once: kept or dropped, for the right reason.
  kept_once: assert property (rst || available == held);
  reached_kept_once: cover property (!rst && available && !first);
  told: assert property (rst || dropped == (checked ? causes & -causes : 0));
  reached_told: cover property (!rst && dropped[4]);
  // As it came, until it is taken.
  same: assert property (rst || !held || {first, last, tag, settings} == {held_first, held_last, held_tag, clip_settings});
  reached_same: cover property (!rst && held && last && !first);
  wire signed [FEATURE_BITS-1:0] shown = features >> (pick * FEATURE_BITS);
  in_place: assert property (rst || !held || shown == held_value);
  reached_in_place: cover property (!rst && held && pick == FEATURES - 1 && shown < 0);
  counted: assert property (rst || saturated == (kept ? beyond : 0));
  reached_counted: cover property (!rst && saturated == FEATURES);
  clips: assert property (rst || (in_clip == open && cut == (kept && starts && open)));
  reached_clips: cover property (!rst && cut);
endmodule

`default_nettype wire
