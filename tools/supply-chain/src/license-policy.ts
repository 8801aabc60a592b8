/**
 * Licenses that ask for no more than their text and copyright lines, as SPDX identifiers (https://spdx.org/licenses).
 * Every package that a service, package or page ships has one of them, or is declared below.
 */
export const ALLOWED_LICENSES = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
  'Zlib',
]

/** A package under another license, and how Darkroom keeps to it. */
export interface DeclaredLicense {
  /** The package's name; a last `*` stands for any ending. */
  name: string
  license: string
  reason: string
}

export const DECLARED_LICENSES: DeclaredLicense[] = [
  {
    name: '@img/sharp-libvips-*',
    license: 'LGPL-3.0-or-later',
    reason:
      'libvips and its codecs, for sharp: shared libraries of their own that sharp loads, unchanged and replaceable.',
  },
  {
    name: 'libheif-js',
    license: 'LGPL-3.0',
    reason:
      'libheif, only with `heicDecoder: libheif`: a WebAssembly file of its own in the zip, unchanged and replaceable.',
  },
  {
    name: 'exifreader',
    license: 'MPL-2.0',
    reason:
      'Unchanged; the license covers its own files, whose source is on npm under the version in the SBOM.',
  },
]
