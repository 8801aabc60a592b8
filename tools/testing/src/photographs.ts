import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Photographs in npm packages, with the properties that tests need. */
const FILES = {
  /** 6 MP, EXIF orientation 6, with location. */
  'iphone-6-plus': 'jpeg-exif/test/IMG_0001.JPG',
  /** 24 MP and 46 KB of EXIF. */
  'sony-a6000': 'exif/test/sony-alpha-6000.jpg',
  /** 13 MP. */
  'xiaomi-mi3': 'exif/test/short-ascii-II.jpg',
  /** Big-endian EXIF. */
  'canon-s40': 'exif/test/short-ascii-MM.jpg',
  'canon-s400': 'exif/test/evil1.jpg',
  /** With location; the EXIF is larger than the picture. */
  'iphone-4s': 'exif/test/test1.jpg',
  /** With location. */
  'nokia-lumia-820': 'exif-parser/test/starfish.jpg',
  /** An sRGB profile with a sampled curve. */
  'nikon-e4600': 'exif-js/example/DSCN0614_small.jpg',
  /** The same profile. */
  'nikon-d100': 'exif-js/example/dsc_09827.jpg',
  'blue-marble': 'three-globe/example/img/earth-blue-marble.jpg',
  'earth-by-day': 'three-globe/example/img/earth-day.jpg',
} as const

export type PhotographName = keyof typeof FILES

const WITHOUT_CAMERA = ['blue-marble', 'earth-by-day']

/** The photographs with a camera's EXIF. */
export const CAMERA_PHOTOGRAPHS = (Object.keys(FILES) as PhotographName[]).filter(
  (name) => !WITHOUT_CAMERA.includes(name),
)

export function photographPath(name: PhotographName): string {
  return fileURLToPath(new URL(`../node_modules/${FILES[name]}`, import.meta.url))
}

export function photograph(name: PhotographName): Promise<Buffer> {
  return readFile(photographPath(name))
}
