/** Values that are of a declared type, and those that are not although some engine or language would read them. */
export const VALUES = {
  number: {
    valid: ['0', '-0', '1.5', '-12.25', '1e3', '1E-3', '1e+99', '007', '9'.repeat(200)],
    invalid: [
      ...['', ' 1', '1 ', '1\n', '+1', '.5', '5.', '1,5', '1_000', '0x10', 'NaN', 'inf', 'Infinity', '1d'],
      ...['1e999', '９', '9'.repeat(201)],
    ],
  },
  boolean: {
    valid: ['true', 'false'],
    invalid: ['', 'True', 'TRUE', '1', '0', 'yes', 'on', ' true'],
  },
  time: {
    valid: [
      ...['2026-11-29', '2024-02-29', '2026-11-29T10:00:00Z', '1969-07-20T20:17:40.5-05:00'],
      '2026-11-29T10:00:00.123456789+13:59',
    ],
    invalid: [
      ...['', '2026', '2026-02-29', '2026-13-01', '2026-11-29T10:00:00', '2026-11-29 10:00:00Z'],
      ...['2026-11-29T24:00:00Z', '2026-11-29T10:00:60Z', '2026-11-29T10:00Z', '2026-11-29T10:00:00+15:00'],
      ...['0000-01-01', '1764410400', 'now', 'infinity', '2026-11-29\n'],
    ],
  },
}

/** What clients may send as text: quotes, controls, any script. */
export const HOSTILE_TEXT = 'O’Brien\'s "wide" \\ \n\u0000 夕焼け 🌅'
