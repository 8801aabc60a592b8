/**
 * Content Credentials (C2PA 2.2, annex A): who made a picture, how it was changed, and whether by AI, in a signed manifest. A
 * manifest store is a JUMBF superbox: `length jumb`, then its description, `length jumd` and a type of 16 bytes that starts
 * with `c2pa` (ISO/IEC 19566-5). A superbox of another type is something else.
 */
export function isManifestStore(jumbf: Buffer): boolean {
  // A length of 1 means that 64 bits follow the type.
  const description = jumbf.length >= 4 && jumbf.readUInt32BE(0) === 1 ? 16 : 8
  const letters = (at: number) => jumbf.toString('latin1', at, at + 4)
  return letters(4) === 'jumb' && letters(description + 4) === 'jumd' && letters(description + 8) === 'c2pa'
}

/** Of the `uuid` box in AVIF and HEIC. */
export const C2PA_BOX = Buffer.from('d8fec3d61b0e483c92975828877ec481', 'hex')
