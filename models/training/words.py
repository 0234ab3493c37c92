"""The words of the captions: what the pictures may be called, as plain tables.

Each line of a table is `key: phrase, phrase, ...`; an indented line carries on the one above it.
"""

from collections.abc import Mapping
from types import MappingProxyType

_NOUNS = """
chat: chat screenshot, screenshot of a chat, screenshot of a conversation, text messages, messaging app
    screenshot, whatsapp conversation, instant messages on a phone, chat bubbles
homescreen: phone home screen, home screen with app icons, screenshot of app icons, smartphone launcher, phone
    screen with icons
applist: phone settings screenshot, screenshot of a phone app, mobile app screenshot, settings menu, app list
    screenshot, phone screenshot
webpage: web page, screenshot of a website, web site screenshot, browser screenshot, homepage, online article,
    desktop screenshot of a browser
code: source code, code editor, screenshot of code, programming code, terminal with code, program listing
chart: chart, graph, bar chart, line graph, pie chart, diagram, statistics plot
mapview: map, street map, city map, screenshot of a map, navigation map, road map
document: document, page of text, scanned document, printed page, letter, paper document, form, scan of a
    page, contract
receipt: receipt, shop receipt, paper receipt, sales slip, bill from a shop, supermarket receipt, till slip
handnote: handwritten note, handwriting, handwritten page, notes on paper, notebook page, sticky note, written
    notes
whiteboard: whiteboard, whiteboard with drawings, meeting whiteboard, drawing board with marker notes,
    whiteboard sketch
qr: qr code, qr, 2d barcode, square code to scan, matrix code
barcode: barcode, product barcode, bar code label, price label with a barcode
idcard: id card, identity card, driving licence, identification card, membership card, passport card
book: book cover, book, novel, cover of a book, paperback
meme: meme, funny meme, picture with caption text, image macro, joke picture with text
mountains: mountains, mountain, mountain landscape, hills, mountain range, peak, alpine scenery, valley
beach: beach, sandy beach, seaside, coast, beach with sand, shore
sea: sea, ocean, open water, sea view, boat on the water, waves, lake
sunset: sunset, sunrise, orange evening sky, sun going down, dusk, golden hour sky
forest: forest, trees, woods, woodland, jungle, trees in a forest
snowscene: snow, snowy landscape, winter scene, snow covered trees, winter landscape
desert: desert, sand dunes, dunes, dry desert, sahara
flower: flower, flowers, blossom, flower in a garden, blooming flower, petals, daisy, rose
city: city, skyline, buildings, city skyline, skyscrapers, downtown street, urban scene, tall buildings
house: house, home, cottage, house with a roof, building with a door, villa
car: car, automobile, vehicle, parked car, sports car, car on the road
nightsky: night sky, stars, starry sky, moon, fireworks, stars at night, milky way
grassfield: meadow, grass field, green field, pasture, grassland, lawn, countryside
dog: dog, puppy, dogs, pet dog, hound, a dog looking at the camera
cat: cat, kitten, cats, pet cat, kitty, a cat looking at the camera
bird: bird, songbird, small bird, bird on a branch, flying bird, birds
fish: fish, fish in water, underwater, aquarium fish, tropical fish, fish swimming
portrait: portrait, face, person, portrait of a person, selfie, headshot, man, woman
group: group of people, people, group photo, friends, family photo, crowd, family
food: food, plate of food, meal, dish, lunch, dinner plate, food on a plate, salad
pizza: pizza, pizza pie, whole pizza, pizza with toppings
cake: cake, birthday cake, dessert, cake with candles, cream cake
coffee: coffee, cup of coffee, coffee cup, mug, espresso, cappuccino, cup
fruit: fruit, apple, oranges, fresh fruit, apples, orange fruit
blurry: blurry photo, out of focus picture, blurred image, unsharp photo
blank: blank image, empty picture, plain colour, black image, nothing
indoor: living room, room, indoor scene, room with a sofa, furniture, interior
"""

# Coarse words; the key names the kinds that they fit.
_GROUPS = """
chat homescreen applist webpage code: screenshot, screen capture, screen shot, screen grab, computer screen,
    user interface
chat homescreen applist: phone screen, smartphone screenshot, mobile screenshot, screenshot from a phone
document receipt handnote: text, written text, something to read, paperwork, papers
document receipt handnote idcard barcode qr: scan, photo of a paper, piece of paper, paper
mountains beach sea sunset forest snowscene desert grassfield: landscape, nature, scenery, outdoor scene,
    natural landscape, outdoors, view
mountains beach sea sunset desert city: holiday photo, vacation photo, travel picture
dog cat bird fish: animal, pet, wildlife, creature
dog cat: pet, furry animal, pets
portrait group: person, human, people, someone
food pizza cake fruit: food, something to eat, tasty food, meal, snack
coffee: drink, hot drink, beverage
flower forest grassfield: plant, garden, greenery, plants
city house: architecture, building
beach sea: water, waterside
qr barcode: code to scan, machine readable code
blurry blank: bad photo, useless picture
mountains beach sea sunset forest snowscene desert flower city house car grassfield dog cat bird fish portrait
    group food pizza cake coffee fruit indoor: photo, photograph, camera picture, real world photo
"""

_ATTRIBUTES = """
dark: in dark mode, with a dark theme, with a black background
light: in light mode, with a white background
scan: scanned flat
photo: lying on a table, photographed on a desk
snow: with snow, covered in snow
boat: with a boat, with a ship
autumn: in autumn, with autumn leaves
night: at night, with city lights
day: by day, in daylight
stars: with stars
moon: with the moon, full moon
fireworks: with fireworks, exploding fireworks
candles: with candles, for a birthday
"""

# One prompt a kind for measuring. None of them can come out of the grammar: captions.held_out() makes sure.
_UNSEEN = """
chat: a screenshot of a whatsapp chat with friends
homescreen: my smartphone home screen full of app icons
applist: screenshot of the settings app on a mobile phone
webpage: a screenshot of a web page in the browser
code: lines of programming source code in an editor
chart: a bar chart or line graph with statistics
mapview: a map of the streets of a city
document: a scanned page of a printed text document
receipt: a paper receipt from a shop with prices
handnote: handwritten notes in a notebook
whiteboard: a photo of a whiteboard after a meeting
qr: a qr code to scan with the phone
barcode: the barcode of a product
idcard: a photo of an identity card
book: the cover of a book on a table
meme: a meme with funny caption text
mountains: a mountain landscape with peaks
beach: a sandy beach by the sea
sea: a boat sailing on the ocean
sunset: the sun setting in an orange sky
forest: tall trees in the woods
snowscene: a snowy winter landscape with trees
desert: sand dunes in the sahara desert
flower: flowers blooming in a garden
city: a city skyline with tall buildings
house: a small house with a red roof
car: a red car parked on the street
nightsky: stars in the night sky
grassfield: a green meadow in the countryside
dog: a photo of my dog
cat: a photo of my cat
bird: a little bird sitting on a branch
fish: a colourful fish swimming underwater
portrait: a portrait photo of a person
group: a group of friends posing together
food: a plate of food for lunch
pizza: a whole pizza with toppings on a table
cake: a birthday cake with burning candles
coffee: a cup of coffee on a table
fruit: fresh apples and oranges
blurry: a blurry out of focus photo
blank: an empty blank picture
indoor: a living room with a sofa
"""

_TEMPLATES = """
all: {}, a {}, a photo of a {}, a picture of a {}, photo of {}, an image of a {}, this is a {}, picture of {},
    a photo of the {}, a close photo of a {}, {} photo, my {}, a snapshot of a {}, image of {}, a nice {},
    here is a {}, a {} picture, some {}
"""

_CONTEXTS = """
all: on a table, on the table, on a wooden desk, at home, outside, taken with my phone, from last year, in
    good light, close up, from above, on the floor, in my hand, of mine, for my records, that i took, from
    yesterday, in colour, in front of me, at work, here, on a desk, on a shelf, with a plain background, in
    the picture, to keep
"""

_ADJECTIVES = """
all: red, blue, green, white, black, yellow, brown, small, big, little, cute, old, new, nice, colourful,
    delicious, fresh, beautiful, large, tall, typical, good
"""

# Everyday words that the tokenizer shall know as whole words although no caption uses them.
_VOCABULARY = """
all: photo, picture, image, screenshot, mobile, smartphone, android, iphone, desktop, laptop, computer,
    website, shop, store, grocery, price, prices, invoice, ticket, cash, money, page, paper, letter, printed,
    scanned, text, written, writing, words, notes, notebook, school, meeting, office, friends, family, child,
    children, baby, boy, girl, man, woman, people, person, human, smiling, face, wedding, party, birthday,
    holiday, vacation, travel, trip, beach, sea, ocean, lake, river, water, boat, ship, sand, sun, sunset,
    sunrise, evening, morning, night, sky, cloud, clouds, star, stars, moon, snow, winter, summer, autumn,
    spring, forest, tree, trees, wood, woods, leaf, green, grass, field, meadow, garden, flower, flowers,
    rose, red, blue, yellow, orange, white, black, brown, pink, purple, dog, puppy, cat, kitten, bird, animal,
    pet, fish, horse, cow, car, cars, truck, road, street, city, town, building, buildings, house, home, room,
    sofa, kitchen, table, chair, food, meal, lunch, dinner, breakfast, plate, dish, cup, mug, coffee, tea,
    drink, cake, pizza, fruit, apple, bread, funny, meme, joke, chat, message, messages, conversation,
    whatsapp, telegram, app, apps, icon, icons, settings, map, maps, code, programming, chart, graph, bar,
    line, pie, qr, barcode, scan, card, identity, licence, passport, book, cover, blurry, blurred, dark,
    light, empty, blank, small, big, large, little, old, new, cute, beautiful, colourful, colorful, tall,
    posing, playing, sitting, standing, sailing, swimming, flying, burning, delicious, fresh, close, up, view,
    from, above, with, without, on, in, at, of, the, and, two, three, several, many, candles, roof, door,
    window
"""


def _table(text: str) -> Mapping[str, tuple[str, ...]]:
    lines = text.strip().replace("\n    ", " ").splitlines()
    pairs = (line.split(": ", 1) for line in lines)
    return MappingProxyType({key: tuple(phrases.split(", ")) for key, phrases in pairs})


NOUNS = _table(_NOUNS)
GROUPS = tuple((tuple(kinds.split()), phrases) for kinds, phrases in _table(_GROUPS).items())
ATTRIBUTES = _table(_ATTRIBUTES)
UNSEEN: Mapping[str, str] = MappingProxyType({kind: prompts[0] for kind, prompts in _table(_UNSEEN).items()})
TEMPLATES = _table(_TEMPLATES)["all"]
CONTEXTS = _table(_CONTEXTS)["all"]
ADJECTIVES = _table(_ADJECTIVES)["all"]
VOCABULARY = _table(_VOCABULARY)["all"]
