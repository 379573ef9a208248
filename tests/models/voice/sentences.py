"""Twenty sentences of our own, for times that are held against an aligner's."""

SENTENCES = (
    "The lamp in the hall is broken and nobody has called the electrician.",
    "Please bring a new one when you come back from the market tomorrow.",
    "We walked along the river until the last light had gone.",
    "Then we found a small house with a green door on the other side.",
    "An old man sold bread to the people of the valley every morning.",
    "She opened the box slowly, and inside it there was nothing at all.",
    "The train to the north leaves at seven, so we should hurry up.",
    "My brother keeps his tools in the shed behind the garden wall.",
    "Are you really sure that this is the right road?",
    "It rained all night, but the tent stayed dry.",
    "The doctor said that rest and water would help the most.",
    "Nobody expected the bridge to hold under such a heavy load.",
    "He wrote three letters to his sister and never sent them.",
    "Can you hear the music coming from the open window?",
    "A good cook tastes the soup before adding any salt.",
    "The children built a castle of sand and watched the tide take it.",
    "Our teacher explained the problem twice, then drew a picture.",
    "The market closes early on Friday because of the holiday.",
    "Turn left after the church, and follow the road to the lake.",
    "Dr. Smith paid $3.50 for 10 GB of memory on 2026-11-23, at 3:45 p.m.",
)
