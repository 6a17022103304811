// How the rows as stored become the picture as shown, by the EXIF orientation.
#pragma once

namespace safelight::pdq {

// EXIF 2.32 §4.6.4 A, tag 274. The axes are those stored: `reversed_y` says that the first stored row (or, for
// a transposed picture, what it becomes: a column) is shown last.
struct Orientation {
  explicit Orientation(int exif)
      : transposed(exif >= 5),
        reversed_x(exif == 2 || exif == 3 || exif == 7 || exif == 8),
        reversed_y(exif == 3 || exif == 4 || exif == 6 || exif == 7) {}

  bool transposed, reversed_x, reversed_y;
};

}  // namespace safelight::pdq
