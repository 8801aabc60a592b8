-- Pairs of one app's images that look alike: at most 3 of the 64 bits of their perceptual hashes differ
WITH bands AS (
  -- Of four quarters of a hash one at least is the same if no more than three bits differ.
  SELECT app, image_id, perceptual_hash, band, substr(perceptual_hash, band * 4 + 1, 4) AS quarter
  FROM images
  CROSS JOIN (VALUES (0), (1), (2), (3)) AS bands (band)
  WHERE status = 'processed'
),
pairs AS (
  SELECT DISTINCT
    a.app AS app,
    a.image_id AS image_id,
    b.image_id AS other_image_id,
    bit_count(
      bitwise_xor(
        from_big_endian_64(from_hex(a.perceptual_hash)),
        from_big_endian_64(from_hex(b.perceptual_hash))
      ),
      64
    ) AS differing_bits
  FROM bands AS a
  JOIN bands AS b
    ON a.app = b.app AND a.band = b.band AND a.quarter = b.quarter AND a.image_id < b.image_id
)
SELECT
  app,
  image_id,
  other_image_id, -- varchar: The later of the two images.
  differing_bits -- bigint: Bits in which their hashes differ, 0 to 3.
FROM pairs
WHERE differing_bits <= 3
ORDER BY differing_bits, app, image_id, other_image_id
