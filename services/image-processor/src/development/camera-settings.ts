import { firstNumberIn, numberIn, type Tags, textIn } from './exif-tags.ts'
import { numberInXmp, textInXmp, valueIn } from './xmp.ts'

/** How a picture was taken and which program wrote it, from EXIF, otherwise from XMP. What is unknown is missing. */
export interface CameraSettings {
  cameraMake?: string
  cameraModel?: string
  lens?: string
  /** Of the lens, not converted to that of another sensor. */
  focalLengthMm?: number
  exposureSeconds?: number
  /** The f-number: 2.8 for f/2.8. */
  aperture?: number
  iso?: number
  flashFired?: boolean
  software?: string
}

/** XMP's names: XMP Specification Part 2 (2022) and CIPA DC-010; `xap` was the prefix of `xmp` until 2004. */
export function readCameraSettings(exif: Tags, xmp: string): CameraSettings {
  const settings: { [Key in keyof CameraSettings]-?: CameraSettings[Key] | undefined } = {
    cameraMake: textIn(exif.Make) ?? textInXmp(xmp, 'tiff:Make'),
    cameraModel: textIn(exif.Model) ?? textInXmp(xmp, 'tiff:Model'),
    lens: textIn(exif.LensModel) ?? textInXmp(xmp, 'exifEX:LensModel', 'aux:LensModel', 'aux:Lens'),
    focalLengthMm: positive(numberIn(exif.FocalLength)) ?? positive(numberInXmp(xmp, 'exif:FocalLength')),
    exposureSeconds:
      positive(numberIn(exif.ExposureTime)) ??
      fromApex(numberIn(exif.ShutterSpeedValue), (value) => 2 ** -value) ??
      positive(numberInXmp(xmp, 'exif:ExposureTime')),
    aperture:
      positive(numberIn(exif.FNumber)) ??
      fromApex(numberIn(exif.ApertureValue), (value) => 2 ** (value / 2)) ??
      positive(numberInXmp(xmp, 'exif:FNumber')),
    iso: isoIn(exif) ?? toIso(numberInXmp(xmp, 'exifEX:PhotographicSensitivity', 'exif:ISOSpeedRatings')),
    flashFired: firedIn(exif) ?? firedInXmp(xmp),
    software: textIn(exif.Software) ?? textInXmp(xmp, 'xmp:CreatorTool', 'xap:CreatorTool'),
  }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

/** Six digits, which is more than any camera means. Zero, and a fraction of zero, stand for unknown. */
function positive(value: number | undefined): number | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined
  const rounded = Number(value.toPrecision(6))
  return rounded > 0 ? rounded : undefined
}

/** Logarithms to the base 2 (Exif 2.32, annex C). Beyond these limits it is no camera. */
function fromApex(value: number | undefined, convert: (value: number) => number): number | undefined {
  return value !== undefined && Math.abs(value) <= 30 ? positive(convert(value)) : undefined
}

/** The first tag has 16 bits; 65535 says that the value is in another one (Exif 2.32, 4.6.5). */
function isoIn(exif: Tags): number | undefined {
  const iso = toIso(firstNumberIn(exif.ISOSpeedRatings))
  if (iso !== undefined && iso < 65_535) return iso
  return toIso(numberIn(exif.RecommendedExposureIndex)) ?? toIso(numberIn(exif.ISOSpeed)) ?? iso
}

/** Cameras that see at night have 4,560,000. Programs fill 32 bits with ones for unknown. */
const MAX_ISO = 10_000_000

function toIso(value: number | undefined): number | undefined {
  return value === undefined || value > MAX_ISO ? undefined : positive(Math.round(value))
}

/** The lowest bit; the others tell about the mode and red eyes. */
function firedIn({ Flash }: Tags): boolean | undefined {
  const flash = numberIn(Flash)
  return flash === undefined ? undefined : (flash & 1) === 1
}

function firedInXmp(xmp: string): boolean | undefined {
  const fired = valueIn(xmp, 'exif:Fired')?.trim().toLowerCase()
  return fired === 'true' ? true : fired === 'false' ? false : undefined
}
