#include "image/jpeg_frame.hpp"

namespace safelight::image {

namespace {

constexpr int kNarrowest = 3;  // columns of chroma that jdsample.c upsamples smoothly

bool usual_coding(const jpeg_decompress_struct& jpeg) {
  return jpeg.data_precision == 8 && !jpeg.progressive_mode && !jpeg.arith_code && jpeg.Ss == 0 &&
         jpeg.Se == DCTSIZE2 - 1 && jpeg.Ah == 0 && jpeg.Al == 0;
}

bool usual_sampling(const jpeg_decompress_struct& jpeg) {
  if (jpeg.jpeg_color_space == JCS_GRAYSCALE) return jpeg.num_components == 1;
  if (jpeg.jpeg_color_space != JCS_YCbCr || jpeg.num_components != baseline::kMostComponents) return false;
  const jpeg_component_info* const of = jpeg.comp_info;
  for (int c = 1; c < jpeg.num_components; ++c)
    if (of[c].h_samp_factor != 1 || of[c].v_samp_factor != 1) return false;
  const int across = of[0].h_samp_factor, down = of[0].v_samp_factor;
  if (across == 1) return down == 1;
  return across == 2 && down <= 2 && jpeg.image_width > 2 * (kNarrowest - 1);
}

bool all_in_order(const jpeg_decompress_struct& jpeg) {
  if (jpeg.comps_in_scan != jpeg.num_components) return false;
  for (int c = 0; c < jpeg.num_components; ++c)
    if (jpeg.cur_comp_info[c] != jpeg.comp_info + c) return false;
  return true;
}

bool take_table(const JHUFF_TBL* from, baseline::Coefficients kind, baseline::HuffmanTable& table) {
  return from != nullptr && table.build(kind, from->bits, from->huffval);
}

bool take_component(const jpeg_decompress_struct& jpeg, int c, baseline::Frame& frame) {
  const jpeg_component_info& from = jpeg.comp_info[c];
  baseline::Component& component = frame.components[c];
  if (jpeg.num_components > 1) {  // a scan of one component has one block in an MCU, whatever its factors
    component.across = from.h_samp_factor;
    component.down = from.v_samp_factor;
  }
  component.dc_table = from.dc_tbl_no;
  component.ac_table = from.ac_tbl_no;
  if (from.dc_tbl_no < 0 || from.dc_tbl_no >= baseline::kTables) return false;
  if (from.ac_tbl_no < 0 || from.ac_tbl_no >= baseline::kTables) return false;
  if (from.quant_tbl_no < 0 || from.quant_tbl_no >= NUM_QUANT_TBLS) return false;
  const JQUANT_TBL* const steps = jpeg.quant_tbl_ptrs[from.quant_tbl_no];
  if (steps == nullptr) return false;
  for (int k = 0; k < DCTSIZE2; ++k) {
    std::int16_t* const at = component.steps + k / DCTSIZE * baseline::kStripe + k % DCTSIZE;
    at[0] = at[DCTSIZE] = static_cast<std::int16_t>(steps->quantval[k]);
  }
  return true;
}

bool take_tables(const jpeg_decompress_struct& jpeg, baseline::Frame& frame) {
  for (int t = 0; t < baseline::kTables; ++t) {
    bool dc = false, ac = false;
    for (int c = 0; c < frame.count; ++c) {
      dc = dc || frame.components[c].dc_table == t;
      ac = ac || frame.components[c].ac_table == t;
    }
    if (dc && !take_table(jpeg.dc_huff_tbl_ptrs[t], baseline::Coefficients::kDc, frame.dc[t])) return false;
    if (ac && !take_table(jpeg.ac_huff_tbl_ptrs[t], baseline::Coefficients::kAc, frame.ac[t])) return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<baseline::Frame> baseline_frame(const jpeg_decompress_struct& jpeg) {
  if (!baseline::kernels_usable()) return nullptr;
  if (!usual_coding(jpeg) || !usual_sampling(jpeg) || !all_in_order(jpeg)) return nullptr;
  auto frame = std::make_unique<baseline::Frame>();
  frame->width = static_cast<int>(jpeg.image_width);
  frame->height = static_cast<int>(jpeg.image_height);
  frame->count = jpeg.num_components;
  frame->restart_interval = static_cast<int>(jpeg.restart_interval);
  for (int c = 0; c < frame->count; ++c)
    if (!take_component(jpeg, c, *frame)) return nullptr;
  return take_tables(jpeg, *frame) ? std::move(frame) : nullptr;
}

}  // namespace safelight::image
