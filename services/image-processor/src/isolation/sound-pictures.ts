import { typeOf } from '@darkroom/image-file'

/**
 * A sound picture of 8 × 8 pixels for each type. If an engine cannot develop it, it is broken, and no image is at fault for
 * its crashes.
 */
const SOUND: Record<string, string> = {
  'image/jpeg':
    '/9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAABf/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AIgCDj//2Q==',
  'image/png':
    'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAMAAADz0U65AAAAA1BMVEXIWh6CnXKfAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWNgoA4AAABIAAF7pRHIAAAAAElFTkSuQmCC',
  'image/webp': 'UklGRjIAAABXRUJQVlA4ICYAAACQAQCdASoIAAgABUB8JaACdLoAA5gA/ru36+AKfs/2pRCLICAAAA==',
  'image/gif': 'R0lGODlhCAAIAIAAAExpcchaHiH5BAUAAAAALAAAAAAIAAgAAAIHjI+py+1dAAA7',
  'image/avif':
    'AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAANZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAAA+gABAAAAAAAAACEAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABhdjAxAAAAAA5waXRtAAAAAAABAAAAVmlwcnAAAAA4aXBjbwAAAAxhdjFDgSACAAAAABRpc3BlAAAAAAAAAAgAAAAIAAAAEHBpeGkAAAAAAwgICAAAABZpcG1hAAAAAAAAAAEAAQOBAgMAAAApbWRhdBIACgg4CL9pAQ0GkDITHYJixOAAFgAAkDWOOStDnreyIA==',
}

/** A sound picture of the same type, as another type may use another decoder; a JPEG for a type without one. */
export function soundPictureLike(original: Uint8Array): Uint8Array {
  return Buffer.from(SOUND[typeOf(original) ?? ''] ?? SOUND['image/jpeg'] ?? '', 'base64')
}

export function soundPictures(): Uint8Array[] {
  return Object.values(SOUND).map((base64) => Buffer.from(base64, 'base64'))
}
