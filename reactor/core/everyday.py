"""The bank: what household cameras and phones really hold, in a hundred captions of about equal breadth.

A model is measured against them (``calibration.measure``) and not against the user's prompts, so no category moves
another's threshold. Each motif stands here once: a caption that says the same again would raise the best of them, and
``hi`` with it. Whoever changes a word changes all thresholds: the digest tells old measurements from new ones.
"""

import hashlib

CAPTIONS: tuple[str, ...] = (
    # People
    "a portrait of a woman smiling at the camera",
    "a man with a beard",
    "a selfie taken at arm's length",
    "a baby lying on a blanket",
    "children playing on a playground",
    "a family sitting together for a picture",
    "friends laughing at a party",
    "a bride and groom at their wedding",
    "an old couple on a bench",
    "a crowd of people at a concert",
    "a person seen from behind",
    "hands holding something small",
    # At home
    "a bedroom with an unmade bed",
    "a kitchen with dirty dishes",
    "a bathroom with a mirror",
    "a couch in front of a television",
    "a desk with a computer and papers",
    "a shelf full of things",
    "a child's drawing on the fridge",
    "a christmas tree with presents",
    "toys scattered on the floor",
    "a broken household appliance",
    "a cardboard box that was delivered",
    "laundry hanging up to dry",
    # Food and drink
    "dinner served on a plate",
    "breakfast with bread and eggs",
    "a bowl of soup",
    "a slice of cake",
    "a salad with vegetables",
    "a burger with fries",
    "a barbecue with meat on the grill",
    "fruit in a basket",
    "a glass of beer or wine",
    "a hot drink in a mug",
    # Animals
    "a dog running on the grass",
    "a cat sleeping indoors",
    "a bird in a tree",
    "a horse in a field",
    "cows on a farm",
    "an insect on a leaf",
    "fish in an aquarium",
    "a rabbit or hamster in a cage",
    "a wild animal at the zoo",
    # Outdoors
    "hills and mountains in the distance",
    "waves on a beach",
    "a lake surrounded by trees",
    "a path through the forest",
    "a river with a bridge",
    "a waterfall over rocks",
    "fields under a blue sky",
    "a sunset with colourful clouds",
    "snow on the ground in winter",
    "autumn leaves on the trees",
    "dry land with sand and rocks",
    "a flower in close up",
    "a vegetable garden",
    "potted plants on a balcony",
    "rain on a window",
    "fog in the morning",
    # Town and travel
    "a busy street with shops",
    "high buildings seen from the street",
    "an old church or castle",
    "a house with a front garden",
    "a market with stalls",
    "a hotel room",
    "tourists in front of a monument",
    "a view from an airplane window",
    "an airport or train station",
    "a museum with paintings on the wall",
    # Vehicles
    "a car in a parking lot",
    "the dashboard of a car",
    "a bicycle leaning against a wall",
    "a motorcycle on the road",
    "a train at the platform",
    "a boat in the harbour",
    # Screens
    "a screenshot of a phone",
    "a screenshot of text messages",
    "a screenshot of a website",
    "a screenshot of a game",
    "a photo of a computer monitor",
    "a map with a route",
    "a table of numbers and a diagram",
    "an internet joke with words on a picture",
    # Paper and things to read
    "a printed letter",
    "a bill from a restaurant or supermarket",
    "handwriting on paper",
    "a page of a book or magazine",
    "an identity document or bank card",
    "a label with a serial number",
    "a sign with writing on it",
    "a whiteboard in an office",
    # Leisure
    "a football match",
    "people swimming in a pool",
    "skiing in the mountains",
    "a hike with backpacks",
    "a musician playing an instrument",
    # Dark, and by mistake
    "a street with lights at night",
    "the moon or stars in a dark sky",
    "a picture that is too dark to see anything",
    "a blurred picture taken by mistake",
)

BANK = hashlib.sha256("\n".join(CAPTIONS).encode()).hexdigest()[:16]
"""A digest of the captions, which names them beside what was measured against them."""
