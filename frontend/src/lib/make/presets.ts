/** The presets that are cards; all others are recipes for those who know them. */
export const CARDS = ['draft', 'standard', 'fine'] as const;

export const isCard = (name: string): boolean => CARDS.some((card) => card === name);
