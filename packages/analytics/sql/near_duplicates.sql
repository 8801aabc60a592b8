-- Images that look like an earlier one of the same app: at most 8 of the 64 bits of their perceptual hashes differ
-- The merge finds them, because comparing millions of images takes too long for a page.
SELECT
  app,
  dt, -- date: The day of the later image.
  image_id, -- varchar: The earlier image: the first one with the fewest differing bits.
  other_image_id, -- varchar: The later image.
  differing_bits -- bigint: Bits in which their hashes differ, 0 to 8.
FROM look_alikes_now
ORDER BY differing_bits, app, other_image_id
