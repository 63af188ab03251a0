"""Common first names and languages, to tell persons and tongues from other names."""

from oneshot.facts.language.splitting.lexicon import word_set

FIRST_NAMES = word_set("""
Ada Adam Agnes Ahmed Aisha Alan Albert Alex Alexander Alexandra Alfred Ali Alice Amanda Amelia
Amy Ana Andrea Andrew Angela Ann Anna Anne Anthony Antonio Arthur Barbara Ben Benjamin Bernard
Beth Betty Bill Bob Brian Bruno Carl Carla Carlos Carmen Caroline Catherine Cecilia Charles
Charlotte Chloe Chris Christian Christina Christine Christopher Claire Clara Claude Daniel David
Deborah Dennis Diana Diego Dmitri Donald Dorothy Edgar Edith Edward Elena Eleanor Elias
Elisabeth Elizabeth Ella Ellen Emily Emma Eric Erik Ernest Eva Evelyn Fatima Felix Fernando
Fiona Frank Franz Frederick Friedrich Gabriel Gary George Georges Gerald Giovanni Giulia Gloria
Grace Greta Gustav Guy Hannah Hanna Hans Harold Harry Heinrich Helen Helena Henri Henry Hermann
Hugo Ian Igor Ines Ingrid Irene Isaac Isabel Ivan Ivo Jack Jacob Jacques Jakob James Jan Jane
Janet Jason Jean Jennifer Jessica Joan Joe Johann John Jonas Jorge Jose José Josef Joseph Joshua
Juan Judith Julia Julian Karen Karl Kate Katherine Kenneth Kevin Kim Lara Larry Laura Lena Leo
Leon Leonard Linda Lisa Louis Louise Luca Lucas Lucia Lucy Ludwig Luis Luke Maja Manuel Mara
Marc Marco Margaret Maria Marie Marion Mark Marta Martha Martin Mary Matthew Max Maya Megan
Michael Michel Michelle Miguel Mike Mira Mohammed Monica Muhammad Nadia Nancy Natalie Nicholas
Nicolas Nicole Nina Noah Nora Oliver Olivia Omar Oscar Otto Pablo Pamela Patricia Patrick Paul
Paula Pedro Peter Philip Pierre Priya Rachel Ralph Raymond Rebecca Richard Robert Roberto Roger
Ronald Rosa Rose Ruth Ryan Sam Samuel Sandra Sara Sarah Scott Sean Sergei Simon Sofia Sophia
Sophie Stefan Stephen Steven Stuart Susan Teresa Theodor Theresa Thomas Tim Timothy Tom Tony
Valentina Vera Victor Victoria Viktor Vincent Virginia Vladimir Walter Wilhelm William Yusuf
Yuki Zara Zoe
""")
LANGUAGES = word_set("""
Afrikaans Albanian Arabic Armenian Basque Bengali Bulgarian Cantonese Catalan Chinese Croatian
Czech Danish Dutch English Esperanto Estonian Finnish French Gaelic Galician Georgian German
Greek Gujarati Hausa Hebrew Hindi Hungarian Icelandic Indonesian Irish Italian Japanese Javanese
Kannada Korean Kurdish Latin Latvian Lithuanian Malay Malayalam Maltese Mandarin Marathi
Mongolian Nepali Norwegian Pashto Persian Polish Portuguese Punjabi Romanian Russian Sanskrit
Serbian Sinhala Slovak Slovene Somali Spanish Swahili Swedish Tamil Telugu Thai Tibetan Turkish
Ukrainian Urdu Uzbek Vietnamese Welsh Xhosa Yiddish Yoruba Zulu
""")
