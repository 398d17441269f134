// One colour a value: twelve that an eye tells apart on both grounds, then hues spread by the golden angle.

const PALETTE = [
  '#4a7de0', '#ee7b30', '#22a07f', '#d9487d', '#8f66d6', '#bd9a12', '#2fa4cf', '#7f8f1e', '#e0625a', '#549e45',
  '#b455b4', '#8d6b4d',
];
const UNKNOWN = [140, 146, 155];

function colourOf(code) {
  if (code < 0) return UNKNOWN;
  if (code < PALETTE.length) return [1, 3, 5].map((i) => parseInt(PALETTE[code].slice(i, i + 2), 16));
  const turn = code - PALETTE.length;
  return oklch([0.64, 0.74, 0.55][turn % 3], 0.13, (turn * 137.508 + 20) % 360);
}

function cssColour(code) {
  return `rgb(${colourOf(code).join(' ')})`;
}

// Source: Ottosson, "A perceptual color space for image processing", 2020.
function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180), b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((v) => {
    const bound = Math.min(1, Math.max(0, v));
    return Math.round(255 * (bound <= 0.0031308 ? 12.92 * bound : 1.055 * bound ** (1 / 2.4) - 0.055));
  });
}
