import type { ImageStatus, Variant } from '@darkroom/client'
import type { ImgHTMLAttributes } from 'preact'
import { placeholderOf } from './developed-image.ts'

interface DevelopedPictureProps extends ImgHTMLAttributes {
  image: ImageStatus
  /** Its size is the picture's; its file is for browsers without `srcset`. */
  variant: Variant
  sizes: string
  /** Not larger than the variant, in CSS pixels. */
  isLimited?: boolean
  alt: string
}

/** A developed image in the best format and size for this browser, over its thumbhash until it has loaded. */
export function DevelopedPicture({
  image,
  variant,
  sizes,
  isLimited,
  alt,
  onLoad,
  ...img
}: DevelopedPictureProps) {
  const limits = isLimited && { maxWidth: variant.width, maxHeight: variant.height }
  return (
    <picture>
      {image.sources?.map(({ type, srcset }) => (
        <source key={type} type={type} srcset={srcset} sizes={sizes} />
      ))}
      <img
        {...img}
        alt={alt}
        style={{ backgroundImage: placeholderOf(image), ...limits }}
        src={variant.url}
        srcset={image.srcset}
        sizes={sizes}
        width={variant.width}
        height={variant.height}
        onLoad={(event) => {
          event.currentTarget.classList.add('loaded')
          onLoad?.(event)
        }}
      />
    </picture>
  )
}
