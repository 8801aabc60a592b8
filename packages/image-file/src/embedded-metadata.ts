import type { Traits } from './segments.ts'

/** EXIF's prefix in a JPEG segment, which writers of other formats add as well. */
export const EXIF_PREFIX = Buffer.from('Exif\0\0', 'latin1')
const XMP_PREFIX = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1')
const EXTENDED_XMP_PREFIX = Buffer.from('http://ns.adobe.com/xmp/extension/\0', 'latin1')
/** A digest in hex, then the length of the whole packet and the position of this part, 4 bytes each. */
const EXTENDED_XMP_HEADER_BYTES = 40

const startsWith = (block: Buffer, prefix: Buffer) => block.subarray(0, prefix.length).equals(prefix)
const isTiff = (block: Buffer) => /^(?:II\*\0|MM\0\*)/.test(block.toString('latin1', 0, 4))

/** Collects EXIF and XMP from all places where a container has them. */
export class EmbeddedMetadata {
  #exif: Buffer | undefined
  readonly #further: Buffer[] = []
  readonly #xmp: Buffer[] = []

  /** An EXIF block in the format's own place, with or without a prefix. Decoders use the first one. */
  addExif(block: Buffer): void {
    const exif = startsWith(block, EXIF_PREFIX) ? block.subarray(EXIF_PREFIX.length) : block
    if (this.#exif) this.#further.push(exif)
    else this.#exif = exif
  }

  addXmp(packet: Buffer): void {
    this.#xmp.push(packet)
  }

  /**
   * The payload of a JPEG's APP1: EXIF or XMP, by its prefix. EXIF of more than 64 KB goes on in a second segment, which
   * has no TIFF header.
   */
  addApp1(payload: Buffer): void {
    if (startsWith(payload, XMP_PREFIX)) this.addXmp(payload.subarray(XMP_PREFIX.length))
    else if (startsWith(payload, EXTENDED_XMP_PREFIX))
      this.addXmp(payload.subarray(EXTENDED_XMP_PREFIX.length + EXTENDED_XMP_HEADER_BYTES))
    else if (startsWith(payload, EXIF_PREFIX)) this.#addExifSegment(payload.subarray(EXIF_PREFIX.length))
  }

  #addExifSegment(exif: Buffer): void {
    if (this.#exif && isTiff(this.#exif) && !isTiff(exif)) this.#exif = Buffer.concat([this.#exif, exif])
    else this.addExif(exif)
  }

  /**
   * Photoshop's image resources: `8BIM`, an id, a name (a length and its letters, even in total), a length, data (even in
   * total). Resource 1058 is EXIF, and 1060 is XMP (Adobe Photoshop File Formats Specification, image resource ids).
   */
  addPhotoshopResources(resources: Buffer): void {
    for (let at = 0; at + 12 <= resources.length && resources.toString('latin1', at, at + 4) === '8BIM'; ) {
      const id = resources.readUInt16BE(at + 4)
      const length = at + 6 + evenBytes(1 + resources.readUInt8(at + 6))
      if (length + 4 > resources.length) return
      const data = length + 4
      const end = data + resources.readUInt32BE(length)
      if (id === 1058) this.addForeignExif(resources.subarray(data, end))
      if (id === 1060) this.addXmp(resources.subarray(data, end))
      at = data + evenBytes(end - data)
    }
  }

  /** EXIF in a place where decoders do not look for it. */
  addForeignExif(block: Buffer): void {
    this.#further.push(startsWith(block, EXIF_PREFIX) ? block.subarray(EXIF_PREFIX.length) : block)
  }

  result(): Pick<Traits, 'exif' | 'furtherExif' | 'xmp'> {
    return {
      ...(this.#exif && { exif: this.#exif }),
      ...(this.#further.length > 0 && { furtherExif: this.#further }),
      ...(this.#xmp.length > 0 && { xmp: this.#xmp }),
    }
  }
}

function evenBytes(bytes: number): number {
  return bytes + (bytes % 2)
}
